import { and, desc, eq, isNull } from 'drizzle-orm';
import type { Engine } from '../core/model.ts';
import type { Queryable } from './client.ts';
import { deliveries, watches } from './schema.ts';

/** The program that a Watch with an open window on the Rendition asks for; the latest word counts. */
export async function findEngine(db: Queryable, renditionId: number): Promise<Engine | undefined> {
  const rows = await db
    .select({ rules: watches.rules })
    .from(deliveries)
    .innerJoin(watches, eq(watches.id, deliveries.watchId))
    .where(and(eq(deliveries.renditionId, renditionId), isNull(deliveries.closedAt)))
    .orderBy(desc(watches.id));
  return rows.find(({ rules }) => rules.engine !== undefined)?.rules.engine;
}
