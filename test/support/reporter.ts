import type { Reporter, TestModule } from 'vitest/node';

/** Prints the closing line `N passed, N failed` (`, N skipped`); a file that did not load counts as failed. */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const totals = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) totals.failed += 1;
      for (const test of module.children.allTests()) totals[test.result().state] += 1;
    }
    const { passed, failed, skipped, pending } = totals;
    const left = skipped + pending;
    const line = `${passed} passed, ${failed} failed${left > 0 ? `, ${left} skipped` : ''}`;
    // After the summary of the default reporter, which prints later in the same turn.
    setImmediate(() => console.log(`\n${line}`));
  }
}
