/**
 * The words of Aircheck. A new word in the code gets a line here.
 *
 * - **Stream**: one thing that can go live: platform + channel + canonical URL.
 * - **Watch**: a chat's standing order on a Stream: targets, quality, rules. `/record` is a Watch with `once`. One on a
 *   server (`auto=`) has others made for it, on single streams.
 * - **Session**: one broadcast from live to end, reconnects included.
 * - **Rendition**: one quality of a Session: captured (`best`, `720p`, `audio`) or derived later; has Takes.
 * - **Take**: one uninterrupted capture of a Rendition with one set of codec parameters. A reconnect, a new
 *   codec or a new owner starts the next.
 * - **Segment**: a few seconds of media as captured: an immutable file and a row. The unit of loss, preview
 *   and fail-over.
 * - **Run**: Segments of one Take whose timestamps go on without a jump.
 * - **Gap**: a stretch known to be missing: where, how long, why. **Withheld**: kept but not posted.
 * - **Cut**: what sets the boundaries of Parts: rendition, first Segment, size limit, split rule.
 * - **Part**: consecutive Segments of a Cut as one playable MP4 under the limit.
 * - **Target**: where a Watch posts: chat, discussion group, vault, limits.
 * - **Delivery**: one Watch's window on a Session (from, to or open) to one Target, with its Cut.
 * - **Upload**: one Part staged with one bot account; shared by all Deliveries. The resumable map.
 * - **Post**: what appears: album, single video, comment, card; carries the delivery state.
 * - **Vault**: where a file is staged first, so that an album is later sent by file id.
 * - **Platform**, **Source**, **Chat**, **Storage**: the four ports (`ports.ts`).
 * - **Card**: the one message in the ordering chat that tells how a Session goes, edited in place.
 */

/** Chats Aircheck speaks. A driver in `src/bots/` exists for each that is built. */
export const chatKinds = ['web', 'telegram', 'discord'] as const;
export type ChatKind = (typeof chatKinds)[number];

/** Keys of Parts that stand, or may come to stand, in the web chat: `web/parts/<part>.mp4` and its picture, `.jpg`. */
export const webPartPrefix = 'web/parts/';

/** Where a person talks to the bot. `chatId` is the chat's own id as text. */
export type ChatAddress = { kind: ChatKind; chatId: string; threadId?: string };

/** The web chat of whoever runs the installation. */
export const ownerChat: ChatAddress = { kind: 'web', chatId: 'main' };

/** What may be asked for by `quality=`. Heights mean "this or the nearest lower". */
export const qualities = ['best', '2160p', '1440p', '1080p', '720p', '480p', '360p', 'audio'] as const;
export type Quality = (typeof qualities)[number];

/** Programs that may be asked for by `engine=` where a site needs it; without it the Source that fits best is taken. */
export const engines = ['yt-dlp', 'streamlink'] as const;
export type Engine = (typeof engines)[number];

/** Rights in a chat, lowest first; each holds those before it. */
export const roles = ['viewer', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** How a Delivery shows its Parts: as files, as a link, or what fits the chat. */
export const postModes = ['auto', 'parts', 'link'] as const;
export type PostMode = (typeof postModes)[number];

/** What is done with ad breaks: kept like the rest, left out, or kept and told. */
export const adPolicies = ['keep', 'drop', 'mark'] as const;
export type AdPolicy = (typeof adPolicies)[number];

/** What a Watch does with a broadcast: records it, or only tells of it. */
export const watchModes = ['record', 'notify'] as const;
export type WatchMode = (typeof watchModes)[number];

/** What a Post is. The card stands in the ordering chat, the others at the Target. */
export const postKinds = ['card', 'album', 'video', 'link', 'comment'] as const;
export type PostKind = (typeof postKinds)[number];

/** Languages of `core/text/`. */
export const languages = ['en', 'ru'] as const;
export type Language = (typeof languages)[number];

/** What Segments are: MPEG-TS, fragments of MP4, or AAC without a container. */
export type Container = 'ts' | 'fmp4' | 'aac';

/** Codec parameters of a Take; a change of any starts the next Take. Absent where a track is absent. */
export type Codecs = {
  container: Container;
  video?: string;
  width?: number;
  height?: number;
  audio?: string;
  sampleRate?: number;
  /** fMP4: identity of its initialization section, where the codecs' own parameters stand. */
  init?: string;
  /** Where the sound is track 1: its container, and the identity of its own initialization section. */
  audioContainer?: Container;
  audioInit?: string;
};

/** Short typeable id of a row as people see it: `s12` for Session 12, `w3` for Watch 3. */
export const shortId = { session: 's', watch: 'w', target: 't', delivery: 'd', post: 'p' } as const;
