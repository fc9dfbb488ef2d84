import type { ApiClient, HelixStream } from '@twurple/api';
import { TemporaryError, UserError } from '../../../core/errors.ts';
import type { StreamRef, StreamStatus } from '../../../core/ports.ts';
import { unknownBy } from '../probe-stream.ts';
import { type Accounts, findAccounts } from './accounts.ts';
import type { Helix } from './helix.ts';

/** Most ids of one call. Source: https://dev.twitch.tv/docs/api/reference/streams#get-streams */
export const batchSize = 100;

type Asked = { helix: Helix; accounts: Accounts; signal: AbortSignal };

/** Which of these channels are live: one call for each hundred, and one more for each hundred that is new. */
export function checkLive(streams: StreamRef[], asked: Asked): Promise<StreamStatus[]> {
  return inBatches(streams, asked, async (api, batch) => {
    const ids = idsOf(batch, asked.accounts);
    // Without a limit Twitch answers 20 of them.
    const page = ids.length > 0 ? await api.streams.getStreams({ userId: ids, limit: batchSize }) : undefined;
    const live = new Map(page?.data.map((found) => [found.userId, found]));
    return batch.map((stream) => liveStatus(stream, asked.accounts, live));
  });
}

/** What channels that are offline announce by their title and category; one call for each hundred. */
export function checkTitles(streams: StreamRef[], asked: Asked): Promise<StreamStatus[]> {
  return inBatches(streams, asked, async (api, batch) => {
    const ids = idsOf(batch, asked.accounts);
    const found = ids.length > 0 ? await api.channels.getChannelInfoByIds(ids) : [];
    const channels = new Map(found.map((channel) => [channel.id, channel]));
    return batch.map((stream) => {
      const account = asked.accounts.get(stream.channel);
      const channel = channels.get(account?.id ?? '');
      if (!channel) return { streamId: stream.id, state: 'unknown', reason: 'channel_unknown' };
      const { title, gameName } = channel;
      return {
        ...{ streamId: stream.id, state: 'offline', platformId: channel.id },
        ...{ title: title || undefined, category: gameName || undefined },
      } satisfies StreamStatus;
    });
  });
}

type AskBatch = (api: ApiClient, batch: StreamRef[]) => Promise<StreamStatus[]>;

/** A batch that fails is unknown, with the reason; the others stand. */
async function inBatches(streams: StreamRef[], asked: Asked, ask: AskBatch): Promise<StreamStatus[]> {
  const statuses: StreamStatus[] = [];
  for (let at = 0; at < streams.length; at += batchSize) {
    const batch = streams.slice(at, at + batchSize);
    const work = async (api: ApiClient) => {
      await findAccounts(api, batch, asked.accounts);
      return ask(api, batch);
    };
    statuses.push(...(await asked.helix(asked.signal, work).catch((error) => unknown(batch, error, asked.signal))));
  }
  return statuses;
}

function unknown(batch: StreamRef[], error: unknown, signal: AbortSignal): StreamStatus[] {
  signal.throwIfAborted();
  if (!(error instanceof UserError || error instanceof TemporaryError)) throw error;
  return batch.map(({ id }) => ({ streamId: id, ...unknownBy(error) }));
}

const idsOf = (batch: StreamRef[], accounts: Accounts) => [
  ...new Set(batch.flatMap(({ channel }) => accounts.get(channel)?.id ?? [])),
];

/** A stream that is not in the answer is offline: that is how Twitch says it. */
function liveStatus(stream: StreamRef, accounts: Accounts, live: Map<string, HelixStream>): StreamStatus {
  const account = accounts.get(stream.channel);
  const found = live.get(account?.id ?? '');
  const base = { streamId: stream.id, platformId: account?.id };
  // Its old address may belong to somebody else by now, so it is not recorded under it.
  const isRenamed = found !== undefined && found.userName !== stream.channel;
  if (isRenamed) return { ...base, state: 'unknown', reason: 'channel_renamed' };
  if (!found && account?.trouble) return { ...base, state: 'unknown', reason: account.trouble };
  if (!found) return { ...base, state: 'offline' };
  return {
    ...{ ...base, state: 'live', broadcastId: found.id, startedAt: found.startDate },
    ...{ title: found.title || undefined, category: found.gameName || undefined },
  };
}
