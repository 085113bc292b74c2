import type {Kind} from './databases/database.js';
import type {TrialResult} from './trial.js';

interface Setting {
  readonly kind: Kind;
  readonly servers: number;
  readonly machines: number;
  readonly seconds: number;
}

/** Formats the results of all runs as `NAME: VALUE` lines. */
export function formatSummary(
  {kind, servers, machines, seconds}: Setting,
  results: readonly TrialResult[],
): string {
  const sum = (count: (result: TrialResult) => number): number =>
    results.reduce((all, result) => all + count(result), 0);
  const integers = results.reduce((all, {report}) => all + report.integers, 0n);
  const twice = results.reduce((all, result) => all + result.twice.integers, 0n);
  const slowest = Math.max(0, ...results.map((result) => result.slowestRecoveryMs));
  const windowMs = Math.max(0, ...results.map((result) => result.twice.windowMs));
  const lines = [
    `${kind}, ${servers} server(s) on ${machines} machine(s)`,
    `runs: ${results.length}, ${sum(({isGood}) => (isGood ? 0 : 1))} of them wrong, in ${seconds.toFixed(0)} s`,
    `restores: ${sum(({restores}) => restores)}, ${sum(({raises}) => raises)} of them found below the marks before a start`,
    `resets backwards: ${sum(({resets}) => resets)}`,
    `ranges: ${sum(({report}) => report.answered)} with ${integers} integers`,
    `overlaps: ${sum(({report}) => report.overlaps.count)}, out of order: ${sum(({report}) => report.outOfOrder.count)}`,
    `integers issued twice: ${twice}, answered at most ${windowMs.toFixed(0)} ms before a restore, in ${sum((result) => (result.twice.integers > 0n ? 1 : 0))} runs`,
    `slowest recovery: ${(slowest / 1000).toFixed(1)} s`,
  ];
  return `${lines.join('\n')}\n`;
}
