// Loaded with --import before the product's first line: tells each named moment (src/lib/steps.ts) to the harness and
// carries out its orders right there. CHAOS_STEPS is a folder, CHAOS_NAME the name of this process.
//
// An order is a file `orders/<step>#<n>` that holds a signal, or `go` for a moment that is only counted. Whoever comes
// to the step first takes it by renaming it, so one order strikes one process.
import { appendFileSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

globalThis[Symbol.for('aircheck.step')] = (step) => {
  const { CHAOS_STEPS: dir = '', CHAOS_NAME: name = '' } = process.env;
  appendFileSync(join(dir, 'log'), `${Date.now()} ${name} ${step}\n`);
  const order = readdirSync(join(dir, 'orders'))
    .filter((file) => file.startsWith(`${step}#`))
    .sort()
    .find((file) => take(dir, file));
  if (order === undefined) return;
  const signal = readFileSync(join(dir, 'taken', order), 'utf8');
  if (signal === 'go') return;
  appendFileSync(join(dir, 'log'), `${Date.now()} ${name} ${signal} at ${step}\n`);
  // The signal comes before this call returns: not one more line of the product runs.
  process.kill(process.pid, signal);
};

function take(dir, order) {
  try {
    renameSync(join(dir, 'orders', order), join(dir, 'taken', order));
    return true;
  } catch {
    return false;
  }
}
