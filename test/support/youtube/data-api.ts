import type { IncomingMessage } from 'node:http';
import type { Broadcast } from './pages.ts';

/** A project's key and what is left of its day. */
export type Project = { key: string; unitsLeft: number };
type Answer = { status: number; body: unknown };

/** Source: answers of googleapis.com as https://cloud.google.com/docs/authentication/api-keys and bug reports quote them. */
const keyInvalid = {
  error: {
    code: 400,
    message: 'API key not valid. Please pass a valid API key.',
    errors: [{ message: 'API key not valid. Please pass a valid API key.', domain: 'global', reason: 'badRequest' }],
    status: 'INVALID_ARGUMENT',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
        reason: 'API_KEY_INVALID',
        domain: 'googleapis.com',
        metadata: { service: 'youtube.googleapis.com' },
      },
    ],
  },
};
const noKey = {
  error: {
    code: 403,
    message:
      "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
    errors: [{ message: "Method doesn't allow unregistered callers.", domain: 'global', reason: 'forbidden' }],
    status: 'PERMISSION_DENIED',
  },
};
const quotaText =
  'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.';
const quotaExceeded = {
  error: {
    code: 403,
    message: quotaText,
    errors: [{ message: quotaText, domain: 'youtube.quota', reason: 'quotaExceeded' }],
  },
};
const bad = (reason: string, message: string): Answer => ({
  status: 400,
  body: { error: { code: 400, message, errors: [{ message, domain: 'youtube.parameter', reason }] } },
});

const parts = ['id', 'snippet', 'liveStreamingDetails', 'status', 'contentDetails'];

/** `videos.list`; every call costs a unit, a wrong one too. Source: https://developers.google.com/youtube/v3/docs/videos/list */
export function answerVideos(
  request: IncomingMessage,
  project: Project,
  find: (id: string) => Broadcast | undefined,
): Answer {
  const query = new URL(request.url ?? '/', 'http://x').searchParams;
  const key = request.headers['x-goog-api-key'] ?? query.get('key');
  if (!key) return { status: 403, body: noKey };
  if (key !== project.key) return { status: 400, body: keyInvalid };
  if (project.unitsLeft <= 0) return { status: 403, body: quotaExceeded };
  project.unitsLeft--;
  const wanted = query.get('part')?.split(',') ?? [];
  if (wanted.length === 0) return bad('missingRequiredParameter', 'No filter selected. Expected one of: id');
  const unknown = wanted.find((part) => !parts.includes(part));
  if (unknown) return bad('unknownPart', `'${unknown}'`);
  const ids = query.get('id')?.split(',') ?? [];
  if (query.has('maxResults')) return bad('incompatibleParameters', 'maxResults does not go with id.');
  if (ids.length > 50) return bad('invalidFilters', 'The request specifies an invalid filter parameter.');
  const items = ids.flatMap((id) => itemOf(find(id)));
  const pageInfo = { totalResults: items.length, resultsPerPage: items.length };
  return { status: 200, body: { kind: 'youtube#videoListResponse', etag: 'e', items, pageInfo } };
}

/** Videos that are gone or private are left out of the list. */
function itemOf(broadcast: Broadcast | undefined) {
  if (!broadcast || broadcast.barred === 'removed' || broadcast.barred === 'private') return [];
  const { videoId: id, state, title = 'A broadcast', startedAt, scheduledFor } = broadcast;
  const liveBroadcastContent =
    state === 'live' ? 'live' : state === 'upcoming' || state === 'waiting' ? 'upcoming' : 'none';
  const snippet = { title, channelId: 'UCabcdefghijklmnopqrstuv', channelTitle: 'A channel', liveBroadcastContent };
  const started = state === 'live' || state === 'ended' ? { actualStartTime: startedAt ?? '2026-11-21T10:00:00Z' } : {};
  const ended = state === 'ended' ? { actualEndTime: '2026-11-21T12:00:00Z' } : {};
  const liveStreamingDetails = { ...started, ...ended, ...(scheduledFor ? { scheduledStartTime: scheduledFor } : {}) };
  return [{ kind: 'youtube#video', id, snippet, ...(state === 'video' ? {} : { liveStreamingDetails }) }];
}
