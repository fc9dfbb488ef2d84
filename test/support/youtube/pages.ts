/** What is at a channel's `/live`, or behind a video's id. */
export type Broadcast = {
  videoId: string;
  title?: string;
  state: 'live' | 'upcoming' | 'ended' | 'video' | 'waiting';
  startedAt?: Date;
  scheduledFor?: Date;
  /** Why the page may not play it. */
  barred?: 'members' | 'robot' | 'age' | 'country' | 'private' | 'removed';
};

const channelId = 'UCabcdefghijklmnopqrstuv';

/** As YouTube says them to a browser without a login. Source: the texts that yt-dlp's tests and issues quote. */
const barriers = {
  members: {
    status: 'UNPLAYABLE',
    reason: 'Join this channel to get access to members-only content like this video, and other exclusive perks.',
  },
  robot: { status: 'LOGIN_REQUIRED', reason: 'Sign in to confirm you’re not a bot' },
  age: {
    status: 'LOGIN_REQUIRED',
    reason: 'Sign in to confirm your age',
    messages: ['This video may be inappropriate for some users.'],
  },
  country: { status: 'UNPLAYABLE', reason: 'The uploader has not made this video available in your country' },
  private: {
    status: 'LOGIN_REQUIRED',
    messages: ['This is a private video. Please sign in to verify that you may see it.'],
  },
  removed: { status: 'ERROR', reason: 'Video unavailable' },
};

function playability({ state, barred, scheduledFor }: Broadcast) {
  if (barred) return barriers[barred];
  if (state !== 'upcoming' && state !== 'waiting') return { status: 'OK', playableInEmbed: true };
  const startsAt = scheduledFor && { scheduledStartTime: String(Math.floor(scheduledFor.getTime() / 1000)) };
  const liveStreamOfflineSlateRenderer = {
    ...startsAt,
    mainText: { runs: [{ text: 'Live in ' }, { text: '5 hours' }] },
  };
  const renderer = { offlineSlate: { liveStreamOfflineSlateRenderer }, pollDelayMs: '15000' };
  return {
    status: 'LIVE_STREAM_OFFLINE',
    reason: 'This live event will begin in 5 hours.',
    liveStreamability: { liveStreamabilityRenderer: renderer },
  };
}

/** What stands in `ytInitialPlayerResponse`. */
export function playerResponse(broadcast: Broadcast) {
  const { videoId, state, title = 'A broadcast', startedAt, scheduledFor } = broadcast;
  const start = (startedAt ?? scheduledFor ?? new Date('2026-11-21T10:00:00Z'))
    .toISOString()
    .replace('.000Z', '+00:00');
  const end = state === 'ended' ? { endTimestamp: '2026-11-21T12:00:00+00:00' } : {};
  const liveBroadcastDetails = { isLiveNow: state === 'live', startTimestamp: start, ...end };
  const isGone = broadcast.barred === 'removed' || broadcast.barred === 'private';
  const details = {
    videoId,
    title,
    lengthSeconds: state === 'video' ? '600' : '0',
    channelId,
    ...(state === 'live' ? { isLive: true } : {}),
    ...(state === 'upcoming' ? { isUpcoming: true } : {}),
    isLiveContent: state !== 'video',
    shortDescription: 'A "quoted" \\ line {with braces}; </script> and "isLiveNow":true in words',
  };
  const renderer = { category: 'Gaming', ...(state === 'video' ? {} : { liveBroadcastDetails }) };
  return {
    responseContext: { serviceTrackingParams: [] },
    playabilityStatus: playability(broadcast),
    ...(isGone ? {} : { videoDetails: details, microformat: { playerMicroformatRenderer: renderer } }),
  };
}

/** JSON in a page holds no `<`, so that no title can end the script. */
const inPage = (value: unknown) => JSON.stringify(value).replace(/</g, '\\u003c');
const filler = (name: string, chars: number) => `<script>var ${name} = "${'x'.repeat(chars)}";</script>`;

function html(head: string, body: string): string {
  return `<!DOCTYPE html><html lang="en"><head>${filler('ytcfg', 60_000)}${head}</head><body>${body}</body></html>`;
}

/** A watch page, as long as they are. */
export function watchPage(broadcast: Broadcast): string {
  const canonical = `<link rel="canonical" href="https://www.youtube.com/watch?v=${broadcast.videoId}">`;
  const player = `<script nonce="a">var ytInitialPlayerResponse = ${inPage(playerResponse(broadcast))};var meta = document.createElement('meta');</script>`;
  return html(canonical, `${player}${filler('ytInitialData', 600_000)}`);
}

/** A channel's page, which `/live` shows while there is no broadcast; its shelves tell of other channels' broadcasts. */
export function channelPage(): string {
  const canonical = `<link rel="canonical" href="https://www.youtube.com/channel/${channelId}">`;
  const shelf = { videoRenderer: { videoId: 'otherVideo1', badges: [{ label: 'LIVE' }], isLive: true } };
  const data = `<script>var ytInitialPlayerResponse = null;var ytInitialData = ${inPage(shelf)};</script>`;
  return html(canonical, `${data}${filler('more', 300_000)}`);
}

export const consentPage =
  '<html><body><form action="https://consent.youtube.com/save" method="POST"><input type="hidden" name="set_ytc" value="true"></form></body></html>';
export const captchaPage =
  '<html><body><form id="captcha-form" action="index" method="post"><div class="g-recaptcha"></div></form></body></html>';
export const changedPage = html('', '<div id="app">YouTube, made anew: "isLiveNow":true</div>');
