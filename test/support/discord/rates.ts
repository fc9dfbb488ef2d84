import { createHash } from 'node:crypto';
import type { Call, Rate, Route } from './call.ts';

/** Whose rate it is: the bot's on one endpoint, the bot's on all, or everybody's on a thing. */
export type RateScope = 'user' | 'global' | 'shared';

/** 429. `retryAfter` in seconds, with fractions. */
export type Flood = { retryAfter: number; scope: RateScope };

export type Passed = { headers: Record<string, string>; flood?: Flood };

export type Rates = {
  /** Counts a call; where it is one too many, says so. */
  pass(route: Route, call: Pick<Call, 'at'>, now: number): Passed;
  /** Counts an answer of 401, 403 or 429 as invalid. */
  noteInvalid(now: number): void;
  /** Whether there were so many that the front lets nothing through. */
  isBanned(now: number): boolean;
};

type Bucket = { remaining: number; resetAt: number };

/** Source: https://docs.discord.com/developers/topics/rate-limits */
const globalRate: Rate = { limit: 50, perMs: 1000 };
const invalidWindowMs = 10 * 60_000;

/** Buckets by endpoint and by the channel, guild or webhook in its path, as Discord's headers tell them. */
export function createRates(options: { isRateLimited: boolean; invalidLimit: number }): Rates {
  const buckets = new Map<string, Bucket>();
  let invalid: number[] = [];
  const take = (key: string, rate: Rate, now: number) => {
    const known = buckets.get(key);
    const bucket = known && known.resetAt > now ? known : { remaining: rate.limit, resetAt: now + rate.perMs };
    buckets.set(key, bucket);
    bucket.remaining -= 1;
    return bucket;
  };
  return {
    pass(route, { at }, now) {
      if (!options.isRateLimited) return { headers: {} };
      const all = route.isOpen ? undefined : take('global', globalRate, now);
      if (all && all.remaining < 0) return { headers: {}, flood: { scope: 'global', retryAfter: secondsTo(all, now) } };
      if (!route.rate) return { headers: {} };
      const major = at['channel'] ?? at['guild'] ?? (at['webhook'] && `${at['webhook']}/${at['token']}`) ?? '';
      const hash = hashOf(route);
      const bucket = take(`${hash}:${major}`, route.rate, now);
      const headers = headersOf(bucket, { hash, limit: route.rate.limit, now });
      if (bucket.remaining >= 0) return { headers };
      return { headers, flood: { scope: 'user', retryAfter: secondsTo(bucket, now) } };
    },
    noteInvalid: (now) => void invalid.push(now),
    isBanned(now) {
      invalid = invalid.filter((at) => now - at < invalidWindowMs);
      return invalid.length >= options.invalidLimit;
    },
  };
}

/** Endpoints of one shape and verb share a bucket. */
function hashOf({ verb, path }: Route): string {
  return createHash('md5').update(`${verb} ${path}`).digest('hex');
}

function secondsTo({ resetAt }: Bucket, now: number): number {
  return Math.max(0.001, Number(((resetAt - now) / 1000).toFixed(3)));
}

function headersOf(bucket: Bucket, { hash, limit, now }: { hash: string; limit: number; now: number }) {
  return {
    'x-ratelimit-limit': String(limit),
    'x-ratelimit-remaining': String(Math.max(0, bucket.remaining)),
    'x-ratelimit-reset': (bucket.resetAt / 1000).toFixed(3),
    'x-ratelimit-reset-after': secondsTo(bucket, now).toFixed(3),
    'x-ratelimit-bucket': hash,
  };
}
