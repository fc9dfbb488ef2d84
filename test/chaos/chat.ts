import type { ChaosFault } from './schedule.ts';

/** A message with a file, as everybody sees it. */
export type ShownFile = { messageId: string; sha256: string; path: string };

/** A comment, and whether it stands where it belongs: with the first message of its post. */
export type ShownComment = { text: string; isInPlace: boolean };

/** The two places of a run: where orders are given and the second recording is posted, and where the first is. */
export type Place = 'home' | 'archive';

/** A strict chat with its people and places, as orders, faults and findings see it. */
export type ChaosChat = {
  env: Record<string, string>;
  /** A person can give orders. */
  isReady(): boolean;
  /** Sets the target `archive`. Said again where a person saw that nothing came of it. */
  addTarget(limitBytes: number): void;
  record(url: string, to?: 'archive'): void;
  /** How long a person waits for what an order does before giving it again. */
  patienceMs: number;
  /** Strikes faults of this chat; others it does not know. */
  fault(fault: ChaosFault): void;
  restart(): Promise<void>;
  /** What a chat does late, such as messages that were scheduled. */
  settle(): void;
  files(place: Place): ShownFile[];
  /** Where files are staged first; undefined where there is no such place. */
  stagedHashes(): Set<string | undefined> | undefined;
  /** All texts of the bot where comments of this place stand. */
  comments(place: Place): ShownComment[];
  cardCount(): number;
  /** What stands and is no post, comment, card or answer, in words. */
  leftOver(): string[];
  /** How often an answer with this text stands. */
  answerCount(text: string): number;
  /** Answers that stand more than once, in words. */
  answeredTwice(): string[];
  /** What the server did not like, and calls that were too fast where rates are counted. */
  complaints(): string[];
  /** Calls for the time line. */
  calls(): { at: number; text: string }[];
  close(): Promise<void>;
};
