import { DiscordError, refusal } from '../api-error.ts';
import { type Call, created, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { checkCommand, commandLimits } from '../command-rules.ts';
import { type Fields, newId, type StoredCommand, type WorldState } from '../state.ts';

type CommandList = Map<string, StoredCommand>;

/** The list of a guild, or the global one. @throws DiscordError 10002, 50001 */
function listOf(world: WorldState, call: Call): { guildId: string; list: CommandList } {
  if (partOf(call, 'application') !== world.applicationId) throw refusal('unknownApplication');
  const guildId = call.at['guild'] ?? '';
  const guild = world.guilds.get(guildId);
  if (guildId !== '' && (!guild || guild.isLeft)) throw refusal('missingAccess');
  const list = world.commandLists.get(guildId) ?? new Map<string, StoredCommand>();
  world.commandLists.set(guildId, list);
  return { guildId, list };
}

function storedOf(world: WorldState, body: Fields, guildId: string): StoredCommand {
  const defaults = { default_member_permissions: null, nsfw: false, options: [], description: '' };
  const global = guildId === '' ? { contexts: null, integration_types: [0] } : { guild_id: guildId };
  const { name, type = 1, ...rest } = body;
  const ids = { id: newId(world), application_id: world.applicationId, version: newId(world) };
  return { ...defaults, ...global, ...rest, ...ids, name: String(name), type: Number(type) };
}

function named(list: CommandList, body: Fields): StoredCommand | undefined {
  return [...list.values()].find(({ name, type }) => name === body['name'] && type === (body['type'] ?? 1));
}

/** Takes the place of the whole list; a command of the same name keeps its id. */
function replaceAll(world: WorldState, call: Call): Result {
  const { guildId, list } = listOf(world, call);
  const bodies = Array.isArray(call.body) ? (call.body as Fields[]) : [];
  for (const [index, body] of bodies.entries()) checkCommand(body, `${index}.`);
  const names = bodies.map(({ name, type = 1 }) => `${String(type)} ${String(name)}`);
  if (new Set(names).size < names.length) throw twice();
  if (bodies.length > commandLimits.chatInput) throw tooMany();
  const next = bodies.map((body) => {
    const stored = storedOf(world, body, guildId);
    return { ...stored, id: named(list, body)?.id ?? stored.id };
  });
  list.clear();
  for (const command of next) list.set(command.id, command);
  return ok(next);
}

function twice(): DiscordError {
  const error = { code: 'APPLICATION_COMMANDS_DUPLICATE_NAME', message: 'Application command names must be unique' };
  return new DiscordError(400, 50035, 'Invalid Form Body', { _errors: [error] });
}

function tooMany(): DiscordError {
  return new DiscordError(400, 30032, `Maximum number of application commands reached (${commandLimits.chatInput})`);
}

/** Makes a command or, where one has the name, overwrites it: 201 or 200. */
function create(world: WorldState, call: Call): Result {
  const { guildId, list } = listOf(world, call);
  checkCommand(call.body);
  const known = named(list, call.body);
  if (!known && list.size >= commandLimits.chatInput) throw tooMany();
  const stored = storedOf(world, call.body, guildId);
  const command = { ...stored, id: known?.id ?? stored.id };
  list.set(command.id, command);
  return known ? ok(command) : created(command);
}

function one(world: WorldState, call: Call): { list: CommandList; command: StoredCommand } {
  const { list } = listOf(world, call);
  const command = list.get(partOf(call, 'command'));
  if (!command) throw refusal('unknownCommand');
  return { list, command };
}

function change(world: WorldState, call: Call): Result {
  const { list, command } = one(world, call);
  const next = { ...command, ...call.body, id: command.id, version: newId(world) };
  checkCommand(next);
  list.set(command.id, next);
  return ok(next);
}

function removeOne(world: WorldState, call: Call): Result {
  const { list, command } = one(world, call);
  list.delete(command.id);
  return nothing;
}

function routesAt(path: string): Route[] {
  const rate = { limit: 5, perMs: 20_000 };
  const schemas = {
    create: 'ApplicationCommandCreateRequest',
    change: 'ApplicationCommandPatchRequestPartial',
  } as const;
  return [
    { verb: 'GET', path, answer: (world, call) => ok([...listOf(world, call).list.values()]), rate },
    { verb: 'PUT', path, answer: replaceAll, schema: 'ApplicationCommandUpdateRequest', isList: true, rate },
    { verb: 'POST', path, answer: create, schema: schemas.create, rate },
    { verb: 'GET', path: `${path}/:command`, answer: (world, call) => ok(one(world, call).command), rate },
    { verb: 'PATCH', path: `${path}/:command`, answer: change, schema: schemas.change, rate },
    { verb: 'DELETE', path: `${path}/:command`, answer: removeOne, rate },
  ];
}

/** Commands, global and of one guild. */
export const commandRoutes: Route[] = [
  ...routesAt('/applications/:application/commands'),
  ...routesAt('/applications/:application/guilds/:guild/commands'),
];
