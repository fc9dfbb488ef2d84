import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { run, runToStream, startProgram } from '../../src/lib/run.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'aircheck-run-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const patience = { timeout: 60_000, interval: 50 };

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The number a program wrote to a file, as soon as it is whole. */
async function pidIn(path: string): Promise<number> {
  return vi.waitFor(async () => {
    const text = await readFile(path, 'utf8');
    expect(text).toMatch(/^\d+\n$/);
    return Number(text);
  }, patience);
}

test('a program that ends well gives its output and code', async () => {
  expect(await run('printf', ['%s', 'a b'])).toMatchObject({ reason: 'exited', exitCode: 0, stdout: 'a b' });
});

test('a program that fails gives its code and the end of what it complained, without secrets', async () => {
  const result = await run('sh', ['-c', 'echo "no https://user:pw@host/x?token=abcdef" >&2; exit 3']);
  expect(result).toMatchObject({ reason: 'failed', exitCode: 3 });
  expect(result.stderrTail).toContain('no ');
  expect(result.stderrTail).not.toContain('abcdef');
});

test('arguments are never read by a shell', async () => {
  const text = `$(touch ${join(dir, 'touched')}); & | > x`;
  expect((await run('printf', ['%s', text])).stdout).toBe(text);
});

test('a missing program is a sentence for people', async () => {
  await expect(run('aircheck-no-such-program', [])).rejects.toMatchObject({
    name: 'UserError',
    code: 'program_missing',
    values: { program: 'aircheck-no-such-program' },
  });
});

test('what may not be run is missing too; what this machine could not start now may be started later', async () => {
  const path = join(dir, 'no-program');
  await writeFile(path, '', { mode: 0o600 });
  await expect(run(path, [])).rejects.toMatchObject({ code: 'program_missing' });
  await expect(startProgram('aircheck-no-such-program', [])).rejects.toMatchObject({ code: 'program_missing' });
  const tooLong = ['x'.repeat(8_000_000)];
  const { signal } = new AbortController();
  for (const starting of [
    run('true', tooLong),
    startProgram('true', tooLong),
    runToStream('true', tooLong, { signal }),
  ])
    await expect(starting).rejects.toMatchObject({ name: 'TemporaryError', code: 'program_failed' });
});

test('secrets of our environment do not reach a child', async () => {
  process.env.AIRCHECK_TEST_TOKEN = 'secret';
  const { stdout } = await run('env', []);
  delete process.env.AIRCHECK_TEST_TOKEN;
  expect(stdout).not.toContain('AIRCHECK_TEST_TOKEN');
  expect(stdout).toContain('PATH=');
});

test('input is piped; input that breaks off is a failure, though the program exits 0', async () => {
  expect(await run('cat', [], { input: Readable.from(['abc'], { objectMode: false }) })).toMatchObject({
    reason: 'exited',
    stdout: 'abc',
  });
  async function* broken() {
    yield Buffer.from('abc');
    throw new Error('storage gone');
  }
  const result = await run('cat', [], { input: Readable.from(broken(), { objectMode: false }) });
  expect(result.reason).toBe('failed');
  expect(result.stderrTail).toContain('storage gone');
});

test('input that never comes does not keep us once the program is ended', async () => {
  async function* hanging() {
    yield Buffer.from('abc');
    await new Promise(() => undefined);
  }
  const input = Readable.from(hanging(), { objectMode: false });
  expect(await run('cat', [], { input, timeoutMs: 300 })).toMatchObject({ reason: 'timeout' });
  async function* silent() {
    yield await new Promise<Buffer>(() => undefined);
  }
  expect(await run('true', [], { input: Readable.from(silent()) })).toMatchObject({ reason: 'exited' });
});

test('a program that takes too long is ended', async () => {
  expect(await run('sleep', ['600'], { timeoutMs: 100 })).toMatchObject({ reason: 'timeout' });
});

test('an abort ends the whole group, also a child that ignores INT and closed its outputs', async () => {
  const pidFile = join(dir, 'stubborn');
  const script = `(trap '' INT TERM; exec >/dev/null 2>&1; while :; do sleep 1; done) & echo $! > ${pidFile}; wait`;
  const abort = new AbortController();
  const running = run('sh', ['-c', script], { signal: abort.signal });
  const pid = await pidIn(pidFile);
  abort.abort();
  expect(await running).toMatchObject({ reason: 'aborted' });
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience);
});

test('no child outlives its worker', async () => {
  const pidFile = join(dir, 'orphan');
  const program = join(dir, 'worker.mts');
  const runPath = new URL('../../src/lib/run.ts', import.meta.url).href;
  await writeFile(
    program,
    `import { run, runToStream } from ${JSON.stringify(runPath)};
     void run('sh', ['-c', 'echo $$ > ${pidFile}; exec sleep 600']);
     process.stdin.on('data', () => process.exit(1));`,
  );
  const worker = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'inherit', 'inherit'] });
  const pid = await pidIn(pidFile);
  worker.stdin.write('go');
  await once(worker, 'exit');
  await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience);
});

test('output as it comes: whole when the program ends well, an error when it or its input breaks off', async () => {
  const { signal } = new AbortController();
  const read = async (args: string[], input?: Readable) => {
    let text = '';
    const stream = await runToStream('sh', args, { signal, ...(input ? { input } : {}) });
    for await (const piece of stream) text += String(piece);
    return text;
  };
  expect(await read(['-c', 'echo one; echo two'])).toBe('one\ntwo\n');
  expect((await read(['-c', 'head -c 3000000 /dev/zero'])).length).toBe(3_000_000);
  await expect(read(['-c', 'echo one; exit 4'])).rejects.toMatchObject({ code: 'program_failed' });
  async function* broken() {
    yield Buffer.from('abc');
    throw new Error('storage gone');
  }
  await expect(read(['-c', 'cat'], Readable.from(broken(), { objectMode: false }))).rejects.toThrow('storage gone');
});

test('output that is no longer wanted ends its program, as an abort does', async () => {
  for (const how of ['leave', 'abort'] as const) {
    const pidFile = join(dir, `stream-${how}`);
    const abort = new AbortController();
    const stream = await runToStream('sh', ['-c', `echo $$ > ${pidFile}; exec yes`], { signal: abort.signal });
    const pid = await pidIn(pidFile);
    if (how === 'leave') stream.destroy();
    else abort.abort();
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), patience);
  }
});
