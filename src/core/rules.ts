import type { AdPolicy, Engine } from './model.ts';
import type { WeekWindow } from './schedule.ts';

/** What a Watch asks for beyond stream and quality; every key optional. */
export type WatchRules = {
  /** End the window this long after its first Segment (`for=2h`). */
  maxLengthMs?: number;
  /** New Part at least this often (`split=30m`); `splitAtTitles` (`core/parts.ts`): where the title changes. */
  splitMs?: number;
  /** What is done with ad breaks (`ads=drop`); absent: kept. */
  ads?: AdPolicy;
  /** Who gets the bytes (`engine=yt-dlp`); absent: the Source that fits best. */
  engine?: Engine;
  /** Filters as they were typed (`core/filter.ts`): what the title and category must hold, and must not. */
  title?: string;
  notTitle?: string;
  category?: string;
  notCategory?: string;
  /** When it records (`schedule=`, `every=`), on the clock of `timeZone`. */
  schedule?: WeekWindow[];
  /** IANA name; stands with `schedule`, and follows the chat's. */
  timeZone?: string;
  /** The one stretch in which it records (`at=`), as ISO instants. */
  at?: { from: string; to: string };
  /** A recording may begin in the windows above and goes on until the broadcast ends (`at=` without `for=`). */
  isOpenEnded?: boolean;
  /** The chat is told of a window that passes without a broadcast (`at=`, `every=`). */
  tellsMissed?: boolean;
  /** Its files are kept this long after they were posted (`keep=30d`); absent: as the operator set it. */
  keepMs?: number;
  /** Announced and renamed broadcasts make a card before they begin (`waiting=on`). */
  waiting?: boolean;
};
