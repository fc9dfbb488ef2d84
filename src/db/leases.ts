import { and, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { Database, Queryable } from './client.ts';
import { leases } from './schema.ts';

/** What an owner holds: writers compare `fence` with the row before they write. */
export type Lease = { what: string; owner: string; fence: number };

const after = (seconds: number) => sql`now() + make_interval(secs => ${seconds})`;

/**
 * Claims `what`, on Postgres' clock: succeeds where nobody holds it or its time ran out. Taking it over from
 * another raises the fence, so that whoever slept and woke is refused.
 *
 * @returns undefined while anybody holds it, the same owner included: a second copy of a job finds it held.
 */
export async function claimLease(
  db: Queryable,
  what: string,
  owner: string,
  seconds: number,
): Promise<Lease | undefined> {
  const [row] = await db
    .insert(leases)
    .values({ what, owner, until: after(seconds) })
    .onConflictDoUpdate({
      target: leases.what,
      set: { owner, fence: sql`${leases.fence} + 1`, until: after(seconds) },
      setWhere: sql`${leases.until} < now()`,
    })
    .returning();
  return row && { what, owner, fence: row.fence };
}

/**
 * Renews all leases of one owner in one UPDATE; a lease that ran out untaken is renewed too.
 *
 * @returns those still held; what is missing was taken over.
 */
export function renewLeases(db: Database, owner: string, seconds: number): Promise<Set<string>> {
  return renew(db, eq(leases.owner, owner), seconds);
}

/** The same for these alone: one that the owner could not give back is not named any more, and runs out. */
export function renewNamed(
  db: Database,
  { owner, whats }: { owner: string; whats: string[] },
  seconds: number,
): Promise<Set<string>> {
  return renew(db, and(eq(leases.owner, owner), inArray(leases.what, whats)), seconds);
}

async function renew(db: Database, which: SQL | undefined, seconds: number): Promise<Set<string>> {
  const rows = await db
    .update(leases)
    .set({ until: after(seconds) })
    .where(which)
    .returning({ what: leases.what });
  return new Set(rows.map((row) => row.what));
}

/** Gives leases back at once; the row and its fence stay, so that the next owner's fence is higher. */
export async function releaseLeases(db: Database, owner: string, whats?: string[]): Promise<void> {
  const mine = eq(leases.owner, owner);
  await db
    .update(leases)
    .set({ until: sql`'-infinity'`, owner: '' })
    .where(whats ? and(mine, inArray(leases.what, whats)) : mine);
}

/** Locks the lease row against take-over for this transaction. False where the fence is no longer ours. */
export async function holdsLease(tx: Queryable, lease: Lease): Promise<boolean> {
  const rows = await tx
    .select({ what: leases.what })
    .from(leases)
    .where(and(eq(leases.what, lease.what), eq(leases.fence, lease.fence), eq(leases.owner, lease.owner)))
    .for('share');
  return rows.length === 1;
}
