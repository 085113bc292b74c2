import type {Reporter, TestModule} from 'vitest/node';

/** Ends the run with one line that any log reader understands: `12 passed, 0 failed, 1 skipped`. */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = {passed: 0, failed: 0, skipped: 0, pending: 0};
    let broken = 0;
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) broken++;
      for (const test of module.children.allTests()) counts[test.result().state]++;
    }
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    process.stdout.write(
      `${counts.passed} passed, ${counts.failed + counts.pending + broken} failed${skipped}\n`,
    );
  }
}
