import type { Sql } from '../db/client.ts';
import type { Logger } from '../lib/log.ts';

/** `table:id` of a row that changed. Told by NOTIFY; may be missed, so nothing depends on it. */
export type Change = { table: string; id: number };

export type Bus = {
  tell(table: string, id: number): Promise<void>;
  /** Calls back for each change of a table; also with id 0 whenever notifications may have been missed. */
  hear(table: string, onChange: (id: number) => void): () => void;
  close(): Promise<void>;
};

const channel = 'aircheck';

/** Opens the LISTEN connection; postgres.js listens again by itself after a drop. */
export async function openBus(sql: Sql, log: Logger): Promise<Bus> {
  const listeners = new Map<string, Set<(id: number) => void>>();
  const emit = (table: string, id: number) => {
    for (const listener of listeners.get(table) ?? []) listener(id);
  };
  const subscription = await sql.listen(
    channel,
    (payload) => {
      const [table = '', id] = payload.split(':');
      emit(table, Number(id));
    },
    () => {
      for (const table of listeners.keys()) emit(table, 0);
      log.debug('listening for changes');
    },
  );
  return {
    async tell(table, id) {
      await sql.notify(channel, `${table}:${id}`);
    },
    hear(table, onChange) {
      const set = listeners.get(table) ?? new Set();
      listeners.set(table, set.add(onChange));
      return () => set.delete(onChange);
    },
    close: () => subscription.unlisten(),
  };
}
