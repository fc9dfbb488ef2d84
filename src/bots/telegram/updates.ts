/**
 * What we ask Telegram for; own posts that the server publishes later come as `channel_post`. The server keeps the last
 * list that was given, so both ways to get updates give this one. Source: core.telegram.org/bots/api#getupdates.
 */
export const allowedUpdates = ['message', 'channel_post', 'callback_query', 'my_chat_member'] as const;
