/**
 * What all processes together may spend a day, of the 10 000 units that a project has: the rest is left for other users of
 * the key. The day begins at midnight Pacific Time. Source:
 * https://developers.google.com/youtube/v3/determine_quota_cost, https://developers.google.com/youtube/v3/getting-started#quota
 */
export const dailyUnits = { units: 9_000, timeZone: 'America/Los_Angeles' };

/** Counts the units of a day. */
export type Quota = {
  /** Takes one unit. @returns false where the day's are spent */
  take(): Promise<boolean>;
  /** The API says that they are: whoever spent them. */
  spend(): Promise<void>;
};
