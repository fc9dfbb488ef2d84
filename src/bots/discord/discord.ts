import type { Chat } from '../../core/ports.ts';
import { type DiscordOptions, openDiscord } from './client.ts';
import { addressOf, destination, linkTo } from './destination.ts';
import { examineTarget } from './doctor.ts';
import { limitsOf } from './limits.ts';
import { listen } from './listen.ts';
import { findPlace } from './place.ts';
import { editCard, removeCard, sendPost } from './post.ts';
import { reconcilePost } from './reconcile.ts';
import { sayText } from './reply.ts';

/** Discord as a chat: discord.js' clients, our rows. Facts: docs/discord.md. */
export function createDiscordChat(options: DiscordOptions): Chat {
  const discord = openDiscord(options);
  return {
    kind: 'discord',
    account: discord.account,
    limits: (target) => limitsOf(discord, target),
    listen: (onEvent, signal) => listen(discord, onEvent, signal),
    // A file belongs to its message; it cannot be sent again by a name.
    canStage: () => false,
    async stage() {
      throw new Error('Discord has nowhere to stage');
    },
    post: (target, post, items, signal) => sendPost(discord, target, post, items, signal),
    edit: (_target, post, ids, signal) => editCard(discord, post, ids, signal),
    remove: (_target, post, ids, signal) => removeCard(discord, post, ids, signal),
    say: (chat, { key, text }, signal) =>
      sayText(discord, { channelId: destination(addressOf(chat)).channelId, key, text }, signal),
    reconcile: (target, post) => reconcilePost(discord, target, post),
    linkTo,
    findPlace: (address, userId) => findPlace(discord, address, userId),
    doctor: (target) => examineTarget(discord, target),
  };
}
