import type { APIUser } from 'discord.js';
import type { Fields, StoredMessage } from './state.ts';

/** 2 a command, 3 a button, 4 autocomplete. Source: https://docs.discord.com/developers/interactions/receiving-and-responding */
export type InteractionType = 2 | 3 | 4;

/** An interaction as the servers keep it. `createdAt` in ms since 1970. */
export type StoredInteraction = {
  id: string;
  token: string;
  type: InteractionType;
  user: APIUser;
  channelId: string;
  guildId?: string;
  createdAt: number;
  /** What was sent through the gateway. */
  payload: Fields;
  /** The type of the first answer. */
  answeredWith?: number;
  /** The first answer as a message; of a button that changes its message: that one. */
  original?: StoredMessage;
  followups: StoredMessage[];
  /** Of an autocomplete. */
  choices?: { name: string; value: string | number }[];
  /** Of a modal. */
  modal?: Fields;
  /** The message whose button was pressed. */
  source?: StoredMessage;
};

/**
 * Until when the first answer is taken, and for how long the token lives.
 * Source: https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-callback
 */
export const interactionLimits = { firstAnswerMs: 3000, tokenMs: 15 * 60_000 } as const;
