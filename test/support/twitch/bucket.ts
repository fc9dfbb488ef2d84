/** A bucket of points: full again at `resetMs` (ms since 1970, whole seconds). */
export type Bucket = { limit: number; remaining: number; resetMs: number };

const windowMs = 60_000;

/** 800 points a minute. Source: https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits */
export const fullBucket = (limit = 800): Bucket => ({ limit, remaining: limit, resetMs: 0 });

/** Takes a point. @returns whether there was one */
export function takePoint(bucket: Bucket): boolean {
  if (Date.now() >= bucket.resetMs)
    Object.assign(bucket, { remaining: bucket.limit, resetMs: inWholeSeconds(Date.now() + windowMs) });
  if (bucket.remaining === 0) return false;
  bucket.remaining--;
  return true;
}

/** No points until the time is over. */
export function drain(bucket: Bucket, forMs: number): void {
  Object.assign(bucket, { remaining: 0, resetMs: inWholeSeconds(Date.now() + forMs) });
}

const inWholeSeconds = (ms: number) => Math.ceil(ms / 1000) * 1000;

/** What every answer says of it. */
export const bucketHeaders = ({ limit, remaining, resetMs }: Bucket) => ({
  'Ratelimit-Limit': String(limit),
  'Ratelimit-Remaining': String(remaining),
  'Ratelimit-Reset': String(resetMs / 1000),
});
