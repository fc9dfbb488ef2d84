import type { Programs } from '../../src/core/ports.ts';

/** The programs as they stand in PATH. */
export const programs: Programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', ytdlp: 'yt-dlp', streamlink: 'streamlink' };
