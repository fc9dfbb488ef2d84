/** Source: yt-dlp, `YoutubeDL.process_video_result`: `' ' + now().strftime('%Y-%m-%d %H:%M')` where it is live. */
const addedTime = / \d{4}-\d\d-\d\d \d\d:\d\d$/;

/**
 * The title of a live page as the streamer wrote it: yt-dlp puts the time behind it, and a title that changes each
 * minute is no title. Only its time is cut, so a clock of the streamer's own stays.
 */
export function cleanTitle(ofYtdlp: string): string {
  return ofYtdlp.replace(addedTime, '').trim();
}
