import type { ChatState, Member } from './state.ts';

/** Rights an administrator always has or lacks in an answer. Source: Bot API, ChatMemberAdministrator. */
const adminRights = [
  'can_manage_chat',
  'can_delete_messages',
  'can_manage_video_chats',
  'can_restrict_members',
  'can_promote_members',
  'can_change_info',
  'can_invite_users',
  'can_post_stories',
  'can_edit_stories',
  'can_delete_stories',
];
const channelRights = ['can_post_messages', 'can_edit_messages', 'can_manage_direct_messages'];
const groupRights = ['can_pin_messages', 'can_manage_topics'];
/** Source: Bot API, ChatMemberRestricted. */
const memberRights = [
  'can_send_messages',
  'can_send_audios',
  'can_send_documents',
  'can_send_photos',
  'can_send_videos',
  'can_send_video_notes',
  'can_send_voice_notes',
  'can_send_polls',
  'can_send_other_messages',
  'can_add_web_page_previews',
  'can_change_info',
  'can_invite_users',
  'can_pin_messages',
  'can_manage_topics',
];

function rightsOf(names: string[], { rights }: Member): Record<string, boolean> {
  return Object.fromEntries(names.map((name) => [name, rights[name] === true]));
}

/** Everything an administrator of such a chat may be given. */
export function allRights(type: string): Record<string, boolean> {
  const names = [...adminRights, ...(type === 'channel' ? channelRights : groupRights)];
  return Object.fromEntries(names.map((name) => [name, true]));
}

/** Everything a member who is not restricted may do. */
export function allPermissions(): Record<string, boolean> {
  return Object.fromEntries(memberRights.map((name) => [name, true]));
}

/** The Bot API object ChatMember. */
export function memberView(member: Member, chat: ChatState): Record<string, unknown> {
  const { user, status } = member;
  if (status === 'creator') return { user, status, is_anonymous: false };
  if (status === 'administrator') {
    const names = [...adminRights, ...(chat.chat.type === 'channel' ? channelRights : groupRights)];
    return { user, status, can_be_edited: false, is_anonymous: false, ...rightsOf(names, member) };
  }
  if (status === 'restricted') {
    return { user, status, is_member: true, until_date: 0, ...rightsOf(memberRights, member) };
  }
  return status === 'kicked' ? { user, status, until_date: 0 } : { user, status };
}
