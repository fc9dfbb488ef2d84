import { type Answer, helixError } from './answer.ts';
import type { Channel, World } from './world.ts';

/** Most values of one parameter. Source: https://dev.twitch.tv/docs/api/reference/streams#get-streams */
const most = 100;
const usualPage = 20;

/** Answers one authorised GET; undefined where there is no such endpoint. */
export function answerHelix(world: World, path: string, params: URLSearchParams): Answer | undefined {
  if (path === '/streams') return streams(world, params);
  if (path === '/users') return users(world, params);
  if (path === '/channels') return channels(world, params);
  return undefined;
}

/** Source of the texts: https://github.com/lichess-org/lila/issues/5668 */
const malformed = (name: string, rule: string) =>
  helixError(400, `The parameter "${name}" was malformed: the value must ${rule}`);

function faultIn(params: URLSearchParams, ids: string[]): Answer | undefined {
  for (const name of new Set(params.keys()))
    if (params.getAll(name).length > most) return malformed(name, `be less than or equal to ${most}`);
  for (const name of ids)
    if (params.getAll(name).some((id) => !/^[0-9]*$/.test(id)))
      return malformed(name, 'match the regular expression /^[0-9]*$/');
  return undefined;
}

/** Twitch lower-cases logins; the list is by viewers, and a page holds 20 where nothing else is asked for. */
function streams(world: World, params: URLSearchParams): Answer {
  const fault = faultIn(params, ['user_id']);
  if (fault) return fault;
  const first = Number(params.get('first') ?? usualPage);
  if (!Number.isInteger(first) || first > most) return malformed('first', `be less than or equal to ${most}`);
  if (first < 1) return malformed('first', 'be greater than or equal to 1');
  const [ids, logins] = [params.getAll('user_id'), params.getAll('user_login').map((login) => login.toLowerCase())];
  // Seen, not documented: https://github.com/twitchdev/issues/issues/700
  if (logins.some((login) => !open(world).some((channel) => channel.login === login)))
    return helixError(400, 'Malformed query params.');
  const isAsked = ({ id, login }: Channel) =>
    (ids.length === 0 && logins.length === 0) || ids.includes(id) || logins.includes(login);
  const found = open(world)
    .filter((channel) => channel.broadcast && isAsked(channel))
    .toSorted((a, b) => (b.broadcast?.viewers ?? 0) - (a.broadcast?.viewers ?? 0));
  const from = Number(Buffer.from(params.get('after') ?? '', 'base64url').toString() || 0);
  const next = from + first;
  const cursor = next < found.length ? { cursor: Buffer.from(String(next)).toString('base64url') } : {};
  return { status: 200, body: { data: found.slice(from, next).map(streamView), pagination: cursor } };
}

function users(world: World, params: URLSearchParams): Answer {
  const [ids, logins] = [params.getAll('id'), params.getAll('login').map((login) => login.toLowerCase())];
  if (ids.length + logins.length > most)
    return malformed(ids.length > 0 ? 'id' : 'login', `be less than or equal to ${most}`);
  const isBad = ids.some((id) => !/^[0-9]+$/.test(id)) || logins.some((login) => !/^[a-z0-9]\w{0,24}$/.test(login));
  // One bad value refuses all; so does none. Source: https://github.com/3dproger/AxelChat/issues/74
  if (isBad || ids.length + logins.length === 0)
    return helixError(400, 'Invalid login names, emails or IDs in request');
  const data = open(world).filter(({ id, login }) => ids.includes(id) || logins.includes(login));
  return { status: 200, body: { data: data.map(userView) } };
}

/** Source: https://dev.twitch.tv/docs/api/reference/channels#get-channel-information */
function channels(world: World, params: URLSearchParams): Answer {
  const ids = params.getAll('broadcaster_id');
  if (ids.length === 0) return helixError(400, 'Missing required parameter "broadcaster_id"');
  const fault = faultIn(params, ['broadcaster_id']);
  if (fault) return fault;
  return {
    status: 200,
    body: {
      data: open(world)
        .filter(({ id }) => ids.includes(id))
        .map(channelView),
    },
  };
}

/** Accounts that are closed or suspended are in no answer. */
const open = (world: World) => world.channels.filter(({ isClosed }) => !isClosed);

const gameIdOf = (category: string) => (category === '' ? '' : '743');

const streamView = (channel: Channel) => ({
  id: channel.broadcast?.id,
  user_id: channel.id,
  user_login: channel.login,
  user_name: channel.displayName,
  game_id: gameIdOf(channel.category),
  game_name: channel.category,
  type: 'live',
  title: channel.title,
  viewer_count: channel.broadcast?.viewers,
  started_at: channel.broadcast?.startedAt,
  language: 'en',
  thumbnail_url: `https://static-cdn.jtvnw.net/previews-ttv/live_user_${channel.login}-{width}x{height}.jpg`,
  tag_ids: [],
  tags: [],
  is_mature: false,
});

const userView = ({ id, login, displayName }: Channel) => ({
  ...{ id, login, display_name: displayName, type: '', broadcaster_type: 'affiliate', description: '' },
  ...{ profile_image_url: '', offline_image_url: '', view_count: 0, created_at: '2016-12-14T20:32:28Z' },
});

const channelView = ({ id, login, displayName, title, category }: Channel) => ({
  ...{ broadcaster_id: id, broadcaster_login: login, broadcaster_name: displayName, broadcaster_language: 'en' },
  ...{ game_id: gameIdOf(category), game_name: category, title, delay: 0, tags: [] },
  ...{ content_classification_labels: [], is_branded_content: false },
});
