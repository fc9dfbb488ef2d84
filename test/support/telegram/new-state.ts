import type { User } from 'grammy/types';
import { type BotState, nextId, type WorldState } from './state.ts';
import type { WorldOptions } from './types.ts';

/** A world in which nobody is. */
export function newState(options: WorldOptions): WorldState {
  return {
    options,
    bots: new Map(),
    users: new Map(),
    chats: new Map(),
    files: new Map(),
    answers: [],
    clockOffsetMs: 0,
    frozenAt: undefined,
    nextId: 1000,
    heldForwards: undefined,
    forwardsToDrop: 0,
    heldUpdates: undefined,
    scheduled: [],
    timers: new Set(),
    closing: new AbortController(),
    duringRead: undefined,
  };
}

/** A bot as it stands after BotFather made it: in privacy mode, with nothing that waits. */
export function newBot(world: WorldState, token: string): BotState {
  const id = Number(token.split(':')[0]);
  const user: User = { id, is_bot: true, first_name: `Bot ${id}`, username: `aircheck_${id}_bot` };
  return {
    token,
    user,
    hasPrivacy: true,
    isRevoked: false,
    queue: [],
    nextUpdateId: 100_000 + nextId(world),
    lastMessageId: 0,
    allowedUpdates: undefined,
    webhook: undefined,
    endPoll: undefined,
    lastPoll: undefined,
    onUpdate: new Set(),
    commands: [],
    rates: new Map(),
    callbacks: new Map(),
  };
}
