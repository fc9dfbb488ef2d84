import { and, eq, isNull } from 'drizzle-orm';
import type { App } from '../app.ts';
import { cuts, deliveries } from '../db/schema.ts';

/**
 * Rings `plan` when enough bytes came for another Part of any open Cut, so that planning costs nothing in between.
 * Only a bell: `sweep` plans every live Rendition now and then as well.
 */
export function createPartBell(app: App, renditionId: number): (sizeBytes: number) => void {
  let sinceBytes = 0;
  let smallestBytes: number | undefined;
  const learn = async () => {
    const rows = await app.db
      .select({ limitBytes: cuts.limitBytes })
      .from(deliveries)
      .innerJoin(cuts, eq(cuts.id, deliveries.cutId))
      .where(and(eq(deliveries.renditionId, renditionId), isNull(deliveries.closedAt)));
    smallestBytes = rows.length > 0 ? Math.min(...rows.map((row) => row.limitBytes)) : undefined;
    await app.queue.add([{ name: 'plan', data: { renditionId } }]);
  };
  return (sizeBytes) => {
    sinceBytes += sizeBytes;
    if (smallestBytes !== undefined && sinceBytes < smallestBytes / 4) return;
    sinceBytes = 0;
    learn().catch((err) => app.log.debug({ err }, 'cannot ring for a plan yet'));
  };
}
