import { badField, refusal } from '../api-error.ts';
import { type Call, created, nothing, ok, partOf, type Result, type Route } from '../call.ts';
import { messageFlags, messageIn } from '../messages.ts';
import { demand, visibleChannel } from '../permissions.ts';
import { deleteChannel } from '../places.ts';
import { type ChannelState, channelTypes, emit, newId, nowMs, type StoredMessage, type WorldState } from '../state.ts';
import { channelView } from '../views-places.ts';

type NewThread = { id: string; type: number };

function openThread(world: WorldState, parent: ChannelState, call: Call, { id, type }: NewThread): ChannelState {
  const minutes = call.body['auto_archive_duration'];
  const thread: ChannelState = {
    id,
    type,
    name: String(call.body['name']),
    guildId: parent.guildId,
    parentId: parent.id,
    overwrites: [],
    thread: {
      ownerId: world.bot.id,
      isArchived: false,
      isLocked: false,
      autoArchiveMinutes: typeof minutes === 'number' ? minutes : 4320,
      createdAt: nowMs(world),
    },
    messages: new Map(),
  };
  world.channels.set(id, thread);
  emit(world, parent.guildId ?? null, 'THREAD_CREATE', { ...channelView(world, thread), newly_created: true });
  return thread;
}

/** @throws DiscordError 50024 for a channel that takes no threads */
function parentOf(world: WorldState, call: Call): ChannelState {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const takesThreads = channel.type === channelTypes.text || channel.type === channelTypes.announcement;
  if (!takesThreads) throw refusal('wrongChannelType');
  return channel;
}

/** What a thread shows first by itself: the message that it hangs on. */
function starterOf(world: WorldState, message: StoredMessage, thread: ChannelState): StoredMessage {
  const place = { id: newId(world), channelId: thread.id, replyTo: message.id, replyChannelId: message.channelId };
  const empty = { content: '', embeds: [], components: [], attachments: [], flags: 0, reactions: new Map() };
  return { ...place, ...empty, type: 21, author: message.author, createdAt: nowMs(world), hasThread: false };
}

/** The thread has the id of its message, so that there is one only. */
function startFromMessage(world: WorldState, call: Call): Result {
  const parent = parentOf(world, call);
  demand(world, parent, 'CreatePublicThreads');
  const message = messageIn(parent, partOf(call, 'message'));
  if (message.hasThread) throw refusal('threadExists');
  const isAnnouncement = parent.type === channelTypes.announcement;
  const type = isAnnouncement ? channelTypes.announcementThread : channelTypes.thread;
  const thread = openThread(world, parent, call, { id: message.id, type });
  const starter = starterOf(world, message, thread);
  thread.messages.set(starter.id, starter);
  message.hasThread = true;
  message.flags |= messageFlags.hasThread;
  return created(channelView(world, thread));
}

function startAlone(world: WorldState, call: Call): Result {
  const parent = parentOf(world, call);
  const type = Number(call.body['type'] ?? channelTypes.privateThread);
  const isAnnouncement = parent.type === channelTypes.announcement;
  if (isAnnouncement !== (type === channelTypes.announcementThread)) {
    throw badField('type', 'BASE_TYPE_CHOICES', 'This type of thread cannot be made in this channel.');
  }
  demand(world, parent, type === channelTypes.privateThread ? 'CreatePrivateThreads' : 'CreatePublicThreads');
  return created(channelView(world, openThread(world, parent, call, { id: newId(world), type })));
}

/** Threads of a guild that are not archived. */
function activeThreads(world: WorldState, call: Call): Result {
  const all = [...world.channels.values()].filter(({ guildId }) => guildId === partOf(call, 'guild'));
  const threads = all.filter(({ thread }) => thread && !thread.isArchived).map((thread) => channelView(world, thread));
  return ok({ threads, members: [] });
}

/** Archiving, locking, another name. A locked thread needs the right over threads. */
function changeChannel(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  const { thread } = channel;
  if (!thread || thread.ownerId !== world.bot.id || thread.isLocked) {
    demand(world, channel, thread ? 'ManageThreads' : 'ManageChannels');
  }
  const { name, archived, locked, auto_archive_duration: minutes } = call.body;
  if (typeof name === 'string') channel.name = name;
  if (thread && typeof archived === 'boolean') thread.isArchived = archived;
  if (thread && typeof locked === 'boolean') thread.isLocked = locked;
  if (thread && typeof minutes === 'number') thread.autoArchiveMinutes = minutes;
  const view = channelView(world, channel);
  emit(world, channel.guildId ?? null, thread ? 'THREAD_UPDATE' : 'CHANNEL_UPDATE', view);
  return ok(view);
}

function removeChannel(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  if (channel.guildId !== undefined) demand(world, channel, channel.thread ? 'ManageThreads' : 'ManageChannels');
  const view = channelView(world, channel);
  deleteChannel(world, channel);
  return ok(view);
}

/** Joining a thread; the bot is in those that it makes. */
function join(world: WorldState, call: Call): Result {
  const channel = visibleChannel(world, partOf(call, 'channel'));
  if (!channel.thread) throw refusal('wrongChannelType');
  return nothing;
}

/** Threads, and changes of channels. Rates as seen in the headers of the real server. */
export const threadRoutes: Route[] = [
  {
    verb: 'POST',
    path: '/channels/:channel/messages/:message/threads',
    answer: startFromMessage,
    schema: 'CreateTextThreadWithMessageRequest',
    rate: { limit: 50, perMs: 300_000 },
  },
  {
    verb: 'POST',
    path: '/channels/:channel/threads',
    answer: startAlone,
    schema: 'CreateTextThreadWithoutMessageRequest',
    rate: { limit: 50, perMs: 300_000 },
  },
  { verb: 'GET', path: '/guilds/:guild/threads/active', answer: activeThreads },
  { verb: 'PUT', path: '/channels/:channel/thread-members/@me', answer: join },
  { verb: 'PATCH', path: '/channels/:channel', answer: changeChannel, schema: 'UpdateThreadRequestPartial' },
  { verb: 'DELETE', path: '/channels/:channel', answer: removeChannel },
];
