import { connect, createServer } from 'node:net';
import { expect, inject, test } from 'vitest';
import { errorSentence } from '../../src/core/text/text.ts';
import { awaitPostgres } from '../../src/db/await-postgres.ts';
import { findFreePort } from '../../src/lib/free-port.ts';
import { createLogger, type Logger } from '../../src/lib/log.ts';

const log = createLogger('silent');
const serverUrl = () => new URL(inject('postgresUrl'));

test('a Postgres that starts later is waited for', async () => {
  const server = serverUrl();
  const port = await findFreePort();
  const url = Object.assign(new URL(server), { port: String(port) });
  const front = createServer((socket) => {
    const back = connect(Number(server.port), server.hostname);
    socket.pipe(back).pipe(socket);
    for (const end of [socket, back]) end.on('error', () => end.destroy());
  });
  await awaitPostgres(url.href, { ...log, warn: () => front.listen(port, '127.0.0.1') } as unknown as Logger);
  expect(front.listening).toBe(true);
  front.close();
});

test('what waiting cannot mend is said at once, and the rest in the end: what is wrong, and which setting to look at', async () => {
  const noDatabase = Object.assign(serverUrl(), { pathname: '/nowhere' });
  const refused = await awaitPostgres(noDatabase.href, log).catch((error: unknown) => error);
  expect(errorSentence('en', refused)).toBe(
    'Postgres takes no connection (database "nowhere" does not exist). Check DATABASE_URL, and that it runs.',
  );
  const nobodyThere = Object.assign(serverUrl(), { port: String(await findFreePort()) });
  const away = await awaitPostgres(nobodyThere.href, log, 0).catch((error: unknown) => error);
  expect(errorSentence('en', away)).toMatch(/^Postgres takes no connection \(.*ECONNREFUSED.*\)\. Check DATABASE_URL/);
});
