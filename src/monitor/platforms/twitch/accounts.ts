import type { ApiClient, HelixUser } from '@twurple/api';
import type { StreamRef } from '../../../core/ports.ts';

/** What is known of an account. Without an `id` Twitch knew none of this login. */
export type Account = {
  id?: string;
  /** Why it is not watched as it stands: it has another login now, or is closed. */
  trouble?: 'channel_unknown' | 'channel_renamed';
  /** When Twitch was asked about it, on the monotonic clock (ms). */
  askedMs: number;
};

/** By login. */
export type Accounts = Map<string, Account>;

/** Logins nobody has are asked about again after this: an account may come back. */
const missingMs = 5 * 60_000;
/** Accounts are renamed and closed seldom; one call for a batch finds it out. */
const verifyMs = 6 * 3_600_000;

/**
 * Fills in `known` for all of `streams`: ids are asked for once and kept, in rows too (`platformId`). By its id a channel stays
 * the same one when its login changes or somebody else takes it, and an unknown id spoils no batch, as an unknown login does:
 * https://github.com/twitchdev/issues/issues/700
 *
 * @throws as the client does
 */
export async function findAccounts(api: ApiClient, streams: StreamRef[], known: Accounts): Promise<void> {
  const nowMs = performance.now();
  for (const { channel, platformId } of streams)
    if (platformId && known.get(channel)?.id !== platformId) known.set(channel, { id: platformId, askedMs: nowMs });
  const isDue = ({ channel }: StreamRef) => {
    const account = known.get(channel);
    return !account || (!account.id && nowMs - account.askedMs > missingMs);
  };
  const logins = [...new Set(streams.filter(isDue).map(({ channel }) => channel))];
  const users = new Map((await usersByLogin(api, logins)).map((user) => [user.name, user]));
  for (const login of logins) known.set(login, newAccount(users.get(login), nowMs));
  await verify(api, streams, known);
}

const newAccount = (user: HelixUser | undefined, askedMs: number): Account =>
  user ? { id: user.id, askedMs } : { trouble: 'channel_unknown', askedMs };

/** A login Twitch calls malformed makes it refuse all that were asked for with it (400), so it is looked for by halves. */
async function usersByLogin(api: ApiClient, logins: string[]): Promise<HelixUser[]> {
  try {
    return await api.users.getUsersByNames(logins);
  } catch (error) {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 400)) throw error;
    if (logins.length === 1) return [];
    const half = Math.ceil(logins.length / 2);
    return [...(await usersByLogin(api, logins.slice(0, half))), ...(await usersByLogin(api, logins.slice(half)))];
  }
}

/** Looks at the accounts of a whole batch where one is due. */
async function verify(api: ApiClient, streams: StreamRef[], known: Accounts): Promise<void> {
  const nowMs = performance.now();
  const accounts = streams.flatMap(({ channel }) => {
    const account = known.get(channel);
    return account?.id ? [{ login: channel, id: account.id, askedMs: account.askedMs }] : [];
  });
  if (!accounts.some(({ askedMs }) => nowMs - askedMs > verifyMs)) return;
  const ids = [...new Set(accounts.map(({ id }) => id))];
  const users = new Map((await api.users.getUsersByIds(ids)).map((user) => [user.id, user.name]));
  for (const { login, id } of accounts) {
    const name = users.get(id);
    const trouble = name === undefined ? 'channel_unknown' : name === login ? undefined : 'channel_renamed';
    known.set(login, { id, askedMs: nowMs, trouble });
  }
}
