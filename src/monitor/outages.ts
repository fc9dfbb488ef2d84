import { alertOperators } from '../advance.ts';
import type { App } from '../app.ts';
import { isNamedByAddress } from '../core/card.ts';
import { errorText } from '../core/errors.ts';
import type { StreamRef } from '../core/ports.ts';
import { redact } from '../lib/log.ts';

/** What is wrong with a Platform: Streams whose looks end in a fault, and whether it answers nothing at all. */
export type Outage = { faulty: Set<number>; isSilent: boolean };
export type Outages = Map<string, Outage>;

const isOver = ({ faulty, isSilent }: Outage) => faulty.size === 0 && !isSilent;

/** How a batch went; `fault` is undefined where all went as it may. */
export type BatchEnd = {
  platform: string;
  streams: StreamRef[];
  fault: unknown;
  isSilent: boolean;
  isWatched: (streamId: number) => boolean;
};

/**
 * Notes how a batch went. Those who run the installation are told once when an outage begins and once when it is over;
 * the log has each fault.
 */
export async function noteOutage(
  app: App,
  outages: Outages,
  { platform, streams, fault, isSilent, isWatched }: BatchEnd,
): Promise<void> {
  const outage = outages.get(platform) ?? { faulty: new Set(), isSilent: false };
  outages.set(platform, outage);
  const wasOver = isOver(outage);
  for (const { id } of streams) {
    if (fault === undefined) outage.faulty.delete(id);
    else outage.faulty.add(id);
  }
  // One that nobody watches any more would never be well again.
  for (const id of outage.faulty) if (!isWatched(id)) outage.faulty.delete(id);
  outage.isSilent = isSilent;
  if (fault !== undefined) app.log.error({ err: fault, platform }, 'a look failed; its streams are unknown');
  if (wasOver === isOver(outage)) return;
  const code = wasOver ? 'monitor_failed' : 'monitor_recovered';
  const values = { platform, error: fault === undefined ? '' : faultLine(fault) };
  await alertOperators(app, { code, values, key: `${code} ${platform} ${thisHour()}` });
}

/** One answer could not be used: others go on, and it is told once an hour. */
export async function tellUnused(app: App, { id, channel, platform }: StreamRef, error: unknown): Promise<void> {
  app.log.error({ err: error, stream: id }, 'a look at a stream could not be used');
  const values = { stream: isNamedByAddress(platform) ? `stream ${id}` : channel, error: faultLine(error) };
  await alertOperators(app, { code: 'look_failed', values, key: `look_failed ${id} ${thisHour()}` });
}

const faultChars = 200;

/** One line that any row can hold: the cause's own words, where a query was only refused for it. */
function faultLine(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return redact(errorText(cause))
    .replaceAll(/\p{Cc}+/gu, ' ')
    .slice(0, faultChars);
}

/** However many monitors see it, and however often it comes and goes. */
const thisHour = () => new Date().toISOString().slice(0, 13);
