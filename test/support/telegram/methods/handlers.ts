import type { Handler } from '../types.ts';
import { deleteWebhook, getMe, getUpdates, getWebhookInfo, leaveServer, setWebhook } from './account.ts';
import { sendMediaGroup } from './album.ts';
import {
  answerCallbackQuery,
  closeForumTopic,
  createForumTopic,
  getChat,
  getChatAdministrators,
  getChatMember,
} from './chats.ts';
import { deleteMyCommands, getMyCommands, setChatMenuButton, setMyCommands } from './commands.ts';
import { copyMessage, copyMessages, forwardMessage, forwardMessages } from './copies.ts';
import { editMessageCaption, editMessageMedia, editMessageReplyMarkup, editMessageText } from './edits.ts';
import { getFile } from './files.ts';
import { sendMedia } from './media.ts';
import { sendMessage, sendMessageDraft } from './text.ts';
import {
  deleteMessage,
  deleteMessages,
  pinChatMessage,
  sendChatAction,
  setMessageReaction,
  unpinChatMessage,
} from './upkeep.ts';

/** Every method the server answers, by its name in the documentation. */
export const handlers: Record<string, Handler> = {
  getMe,
  getUpdates,
  setWebhook,
  deleteWebhook,
  getWebhookInfo,
  logOut: leaveServer,
  close: leaveServer,
  setMyCommands,
  getMyCommands,
  deleteMyCommands,
  setChatMenuButton,
  getChat,
  getChatMember,
  getChatAdministrators,
  sendMessage,
  sendMessageDraft,
  sendPhoto: sendMedia('photo'),
  sendVideo: sendMedia('video'),
  sendDocument: sendMedia('document'),
  sendAudio: sendMedia('audio'),
  sendAnimation: sendMedia('animation'),
  sendMediaGroup,
  editMessageText,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  deleteMessage,
  deleteMessages,
  forwardMessage,
  forwardMessages,
  copyMessage,
  copyMessages,
  pinChatMessage,
  unpinChatMessage,
  sendChatAction,
  setMessageReaction,
  answerCallbackQuery,
  createForumTopic,
  closeForumTopic,
  getFile,
};
