import { randomBytes } from 'node:crypto';
import { dataFor } from './gateway-content.ts';
import { isWanted } from './gateway-intents.ts';
import type { GatewayState } from './gateway-state.ts';
import type { Link, Session } from './gateway-types.ts';

/** Begins a session: READY with the guilds still unavailable, then each of them. */
export function startSession(
  state: GatewayState,
  link: Link,
  { intents, shard }: Pick<Session, 'intents' | 'shard'>,
): Session {
  const id = randomBytes(16).toString('hex');
  const session: Session = { id, intents, shard, seq: 0, kept: [], link, resumes: 0 };
  state.sessions.set(id, session);
  const guildIds = state.world.guildIds().filter((guildId) => isInShard(guildId, shard));
  deliver(state, session, 'READY', {
    v: 10,
    user: state.world.bot,
    guilds: guildIds.map((guildId) => ({ id: guildId, unavailable: true })),
    private_channels: [],
    session_id: id,
    session_type: 'normal',
    resume_gateway_url: `${state.url()}/resume`,
    shard,
    application: { id: state.world.applicationId, flags: 0 },
  });
  for (const guildId of guildIds) deliverTo(state, session, guildId, 'GUILD_CREATE', state.world.guildCreate(guildId));
  return session;
}

/** Tells every session that wants it. */
export function publish(state: GatewayState, guildId: string | null, event: string, data: object): void {
  for (const session of [...state.sessions.values()])
    if (isInShard(guildId, session.shard)) deliverTo(state, session, guildId, event, data);
}

function deliverTo(state: GatewayState, session: Session, guildId: string | null, event: string, data: object): void {
  if (!isWanted(session.intents, guildId, event)) return;
  deliver(state, session, event, dataFor(session.intents, event, data, state.world.bot.id));
}

/** Source: https://docs.discord.com/developers/events/gateway#sharding; what is in no guild goes to shard 0. */
function isInShard(guildId: string | null, [id, count]: Session['shard']): boolean {
  return Number((BigInt(guildId ?? 0) >> 22n) % BigInt(count)) === id;
}

/** Numbers an event, keeps it for a RESUME, and sends it as the faults allow. */
function deliver(state: GatewayState, session: Session, event: string, data: object): void {
  const fault = state.faults.strike(event);
  const { link } = session;
  if (fault === 'dropBefore') detach(state, session)?.cut();
  if (fault === 'zombie') link?.silence();
  if (fault === 'lose') {
    session.seq++;
    return;
  }
  send(state, session, event, data, () => fault === 'dropAfter' && link?.end());
  if (fault === 'dropAfter') detach(state, session);
  if (fault === 'duplicate') send(state, session, event, data);
  if (fault === 'reconnect') link?.send({ op: 7, d: null });
  if (fault === 'invalidate') invalidate(state, session);
}

function send(state: GatewayState, session: Session, event: string, data: object, whenSent?: () => void): void {
  // A copy as it is now: what happens later must not change what a RESUME brings.
  const dispatch = { op: 0 as const, t: event, s: ++session.seq, d: JSON.parse(JSON.stringify(data)) as object };
  session.kept.push(dispatch);
  if (session.kept.length > state.options.replayEvents) session.kept.shift();
  session.link?.send(dispatch, whenSent);
}

/** Moves a session to another socket and sends what it missed; false when that is no longer known. */
export function resumeSession(state: GatewayState, session: Session, link: Link, seq: number): boolean {
  const missed = session.kept.filter(({ s }) => s > seq);
  const oldest = session.kept[0]?.s ?? session.seq + 1;
  if (seq + 1 < oldest && session.seq > seq) return false;
  detach(state, session)?.cut();
  clearTimeout(session.expiry);
  session.link = link;
  session.resumes++;
  for (const dispatch of missed) link.send(dispatch);
  deliver(state, session, 'RESUMED', {});
  return true;
}

/** Takes the socket from a session, which then waits for its RESUME. */
export function detach(state: GatewayState, session: Session): Link | undefined {
  const { link } = session;
  delete session.link;
  clearTimeout(session.expiry);
  if (state.sessions.has(session.id))
    session.expiry = setTimeout(() => state.sessions.delete(session.id), state.options.resumeWindowMs).unref();
  return link;
}

/** Forgets a session; its client must identify again. */
export function invalidate(state: GatewayState, session: Session): void {
  state.sessions.delete(session.id);
  const link = detach(state, session);
  link?.send({ op: 9, d: false });
}
