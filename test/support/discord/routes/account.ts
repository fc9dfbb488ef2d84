import { badField, refusal } from '../api-error.ts';
import { type Call, ok, partOf, type Result, type Route } from '../call.ts';
import { visibleChannel } from '../permissions.ts';
import { directChannel } from '../places.ts';
import type { GuildState, WorldState } from '../state.ts';
import { channelView, guildView, memberView, roleView } from '../views-places.ts';

function application(world: WorldState): Result {
  const { bot, applicationId: id } = world;
  const guilds = [...world.guilds.values()].filter(({ isLeft }) => !isLeft).length;
  const words = { name: bot.username, icon: null, description: '', summary: '', verify_key: '0'.repeat(64) };
  const shared = { bot_public: true, bot_require_code_grant: false, flags: 0, redirect_uris: [], hook: true };
  const owner = { id: '1', username: 'owner', discriminator: '0', global_name: null, avatar: null };
  return ok({ id, ...words, ...shared, bot, owner, team: null, approximate_guild_count: guilds });
}

/** A guild that the bot is in. @throws DiscordError 10004 */
function guildOf(world: WorldState, call: Call): GuildState {
  const guild = world.guilds.get(partOf(call, 'guild'));
  if (!guild || guild.isLeft) throw refusal('unknownGuild');
  return guild;
}

function guilds(world: WorldState): Result {
  const all = [...world.guilds.values()].filter(({ isLeft }) => !isLeft);
  return ok(all.map(({ id, name, features }) => ({ id, name, icon: null, owner: false, features, permissions: '0' })));
}

function guildChannels(world: WorldState, call: Call): Result {
  const { id } = guildOf(world, call);
  const all = [...world.channels.values()].filter(({ guildId, thread }) => guildId === id && !thread);
  return ok(all.map((channel) => channelView(world, channel)));
}

function member(world: WorldState, call: Call): Result {
  const id = partOf(call, 'user') === '@me' ? world.bot.id : partOf(call, 'user');
  const found = guildOf(world, call).members.get(id);
  if (!found) throw refusal('unknownMember');
  return ok(memberView(found));
}

function user(world: WorldState, call: Call): Result {
  const found = world.users.get(partOf(call, 'user'));
  if (!found) throw refusal('unknownUser');
  return ok(found);
}

function openDirect(world: WorldState, call: Call): Result {
  const recipient = world.users.get(String(call.body['recipient_id']));
  if (!recipient || recipient.bot) throw badField('recipient_id', 'CHANNEL_RECIPIENT_REQUIRED', 'Unknown recipient');
  return ok(channelView(world, directChannel(world, recipient)));
}

/** Who the bot is, where it is, and who is there. */
export const accountRoutes: Route[] = [
  { verb: 'GET', path: '/users/@me', answer: (world) => ok({ ...world.bot, mfa_enabled: true, verified: true }) },
  { verb: 'GET', path: '/users/@me/guilds', answer: guilds },
  { verb: 'POST', path: '/users/@me/channels', answer: openDirect, schema: 'CreatePrivateChannelRequest' },
  { verb: 'GET', path: '/users/:user', answer: user },
  { verb: 'GET', path: '/applications/@me', answer: application },
  { verb: 'GET', path: '/oauth2/applications/@me', answer: application },
  { verb: 'GET', path: '/guilds/:guild', answer: (world, call) => ok(guildView(guildOf(world, call))) },
  { verb: 'GET', path: '/guilds/:guild/channels', answer: guildChannels },
  {
    verb: 'GET',
    path: '/guilds/:guild/roles',
    answer: (world, call) => ok([...guildOf(world, call).roles.values()].map(roleView)),
  },
  { verb: 'GET', path: '/guilds/:guild/members/:user', answer: member },
  {
    verb: 'GET',
    path: '/channels/:channel',
    answer: (world, call) => ok(channelView(world, visibleChannel(world, partOf(call, 'channel')))),
  },
];
