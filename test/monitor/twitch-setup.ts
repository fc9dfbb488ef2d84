import type { StreamRef } from '../../src/core/ports.ts';

export const programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe', ytdlp: 'yt-dlp', streamlink: 'streamlink' };

/** Never aborted. */
export const { signal } = new AbortController();

/** Rows as the monitor hands them over; ids from 1. */
export const refs = (logins: string[]): StreamRef[] =>
  logins.map((channel, at) => ({ id: at + 1, platform: 'twitch', channel, url: `https://www.twitch.tv/${channel}` }));
