import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { webMessages } from '../../src/db/schema.ts';
import { readOutcome, waitForFrames, waitUntilPosted } from '../support/app.ts';
import { useFlow } from '../support/use-flow.ts';
import { waitFor } from '../support/wait.ts';

const flow = useFlow();

test('a disk that is full from the beginning is told once, and nothing is lost when it has room again', async () => {
  const quotaFile = join(tmpdir(), `aircheck-quota-${process.pid}`);
  process.env.CHAOS_QUOTA_FILE = quotaFile;
  flow.closes(() => rm(quotaFile, { force: true }));
  flow.closes(() => delete process.env.CHAOS_QUOTA_FILE);
  await writeFile(quotaFile, '0');
  const t = await flow.web();
  const origin = await flow.origin(6);
  await t.say(`/record ${origin.url}`);
  const told = async () =>
    (await t.app.db.select().from(webMessages)).filter(({ content }) => content.text?.includes('disk is full'));
  await waitFor(async () => (await told()).length > 0, { what: 'the alert' });
  expect((await readOutcome(t.app)).segments).toEqual([]);
  origin.end();
  await rm(quotaFile);
  await waitUntilPosted(t.app);
  await waitForFrames(t.app, await origin.frames());
  expect((await readOutcome(t.app)).gaps).toEqual([]);
  expect(await told()).toHaveLength(1);
});
