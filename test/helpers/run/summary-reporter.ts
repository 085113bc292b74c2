import {existsSync, readFileSync} from 'node:fs';
import type {Reporter, TestModule} from 'vitest/node';
import {MISSING_FILE} from './missing-file.js';

/**
 * Prints the needs of skipped tests at the end of the run, then one line that log readers can parse:
 * `12 passed, 0 failed, 1 skipped`.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = {passed: 0, failed: 0, skipped: 0, pending: 0};
    let broken = 0;
    for (const module of modules) {
      if (module.state() === 'failed' && module.errors().length > 0) broken++;
      for (const test of module.children.allTests()) counts[test.result().state]++;
    }
    const missing = readMissing();
    if (missing.length > 0)
      process.stdout.write(
        `\nTests were skipped. They need:\n${missing.map((how) => `  ${how}\n`).join('')}\n`,
      );
    const skipped = counts.skipped === 0 ? '' : `, ${counts.skipped} skipped`;
    process.stdout.write(
      `${counts.passed} passed, ${counts.failed + counts.pending + broken} failed${skipped}\n`,
    );
  }
}

function readMissing(): readonly string[] {
  const list = process.env[MISSING_FILE];
  if (list === undefined || !existsSync(list)) return [];
  const lines = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return [...new Set(lines)].sort();
}
