import type { App } from '../app.ts';
import { cutAtWord, streamName } from '../core/card.ts';
import { commandSpecs } from '../core/command.ts';
import type { Asking, Suggestion } from '../core/ports.ts';
import { findChatDeliveries, findTargets, findWatches } from '../db/watches.ts';
import { roleOf } from './dispatch.ts';

/** Names are read in a list. */
const labelChars = 90;

type Seeker = (app: Pick<App, 'db'>, asking: Asking) => Promise<Suggestion[]>;

/**
 * What an argument can be, for a chat that shows values while a person types: ids of recordings and orders, names of
 * Targets and commands; what fits what stands there, the newest first. Nobody without a right is shown anything.
 */
export async function suggest(app: Pick<App, 'db' | 'config'>, asking: Asking): Promise<Suggestion[]> {
  const seeker = seekers[asking.argument];
  if (!seeker || !(await roleOf(app, asking))) return [];
  const typed = asking.typed.toLowerCase();
  const fits = ({ value, label }: Suggestion) => `${value} ${label}`.toLowerCase().includes(typed);
  return (await seeker(app, asking)).filter(asking.argument === 'to' ? () => true : fits);
}

/** Commands whose `id` is one of a standing order. */
const ofOrders = new Set(['unwatch', 'pause', 'resume']);
const timeZones = [...new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])];

const seekers: Record<string, Seeker> = {
  id: (app, asking) => (ofOrders.has(asking.command) ? watchIds(app, asking) : sessionIds(app, asking)),
  to: targetLists,
  name: targetNames,
  zone: async () => timeZones.map((name) => ({ value: name, label: name })),
  command: async () => commandSpecs.map(({ name }) => ({ value: name, label: `/${name}` })),
};

async function sessionIds({ db }: Pick<App, 'db'>, { chat, command }: Asking): Promise<Suggestion[]> {
  const isOpen = command === 'stop' || command === 'cancel';
  const rows = await findChatDeliveries(db, chat, isOpen ? { isOpen } : { isUnfinished: true });
  const wanted = command === 'retry' ? rows.filter(({ delivery }) => delivery.state === 'paused') : rows;
  const byId = new Map(wanted.map(({ session, stream }) => [session.id, session.title ?? streamName(stream)]));
  return [...byId].map(([id, name]) => ({ value: `s${id}`, label: label(`s${id}`, name) }));
}

async function watchIds({ db }: Pick<App, 'db'>, { chat }: Asking): Promise<Suggestion[]> {
  const rows = await findWatches(db, chat);
  return rows.map(({ watch, stream }) => ({ value: `w${watch.id}`, label: label(`w${watch.id}`, streamName(stream)) }));
}

const label = (id: string, name: string): string => `${id} ${cutAtWord(name, labelChars)}`;

async function targetNames({ db }: Pick<App, 'db'>, { chat }: Asking): Promise<Suggestion[]> {
  return (await findTargets(db, chat)).map(({ name }) => ({ value: name, label: name }));
}

/** Several names, separated by commas: the last one is completed. */
async function targetLists(app: Pick<App, 'db'>, asking: Asking): Promise<Suggestion[]> {
  const written = asking.typed.split(',').map((name) => name.trim());
  const last = written.pop()?.toLowerCase() ?? '';
  const names = (await targetNames(app, asking)).map(({ value }) => value);
  const next = names.filter((name) => !written.includes(name) && name.toLowerCase().startsWith(last));
  return next.map((name) => [...written, name].join(',')).map((value) => ({ value, label: value }));
}
