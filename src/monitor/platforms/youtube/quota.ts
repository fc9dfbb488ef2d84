/**
 * Units a process may spend a day, of the 10 000 that a project has: the rest is left for other users of the key. Source:
 * https://developers.google.com/youtube/v3/determine_quota_cost
 */
export const unitsPerDay = 9_000;

/** Counts the units of a day, which begins at midnight Pacific Time (same source). */
export type Quota = {
  /** Takes one unit. @returns false where the day's are spent */
  take(): boolean;
  /** The API says that they are: whoever spent them. */
  spend(): void;
};

/** @param now in ms since 1970, for tests */
export function createQuota(now: () => number = Date.now): Quota {
  let day = '';
  let left = 0;
  const begin = () => {
    const today = pacificDay(now());
    if (today === day) return;
    day = today;
    left = unitsPerDay;
  };
  return {
    take: () => {
      begin();
      return left > 0 && left-- > 0;
    },
    spend: () => {
      begin();
      left = 0;
    },
  };
}

const calendar = new Intl.DateTimeFormat('en-CA', { timeZone: 'America/Los_Angeles', dateStyle: 'short' });
const pacificDay = (ms: number) => calendar.format(ms);
