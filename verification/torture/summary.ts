import type {Run} from './run.js';

/** Formats a table of all runs, a table of the faults by kind of database, and the skipped faults. */
export function formatSummary(runs: readonly Run[]): string {
  const rows = runs.map((run) => {
    const {setting, report, strikes, kills, recoveries, slowestRecoveryMs} = run;
    return [
      setting.kind,
      setting.servers,
      setting.smallDisk ? 'small' : 'usual',
      sum(strikes),
      kills,
      report.answered,
      report.integers,
      report.unanswered,
      report.overlaps.count,
      sum(report.allowedGaps),
      report.unexplainedGaps.count,
      report.outOfOrder.count,
      recoveries,
      (slowestRecoveryMs / 1000).toFixed(1),
    ].map(String);
  });
  const total = (column: number): string =>
    String(rows.reduce((all, row) => all + BigInt(row[column] ?? '0'), 0n));
  const slowest = Math.max(0, ...rows.map((row) => Number(row.at(-1))));
  const totals = heads.slice(0, -1).map((_, column) => (column < 3 ? '' : total(column)));
  return [
    ...table(heads, [...rows, ['all', ...totals.slice(1), slowest.toFixed(1)]]),
    '',
    ...faultTable(runs),
    ...skippedLines(runs),
  ].join('\n');
}

const heads = [
  'database',
  'servers',
  'disk',
  'faults',
  'kills',
  'ranges',
  'integers',
  'unanswered',
  'overlaps',
  'gaps with a cause',
  'unexplained gaps',
  'out of order',
  'recoveries',
  'slowest s',
];

function faultTable(runs: readonly Run[]): string[] {
  const kinds = [...new Set(runs.map(({setting}) => setting.kind))];
  const names = [...new Set(runs.flatMap(({strikes}) => [...strikes.keys()]))].sort();
  const rows = names.map((name) => [
    name,
    ...kinds.map((kind) => {
      const of = runs.filter(({setting}) => setting.kind === kind);
      return String(of.reduce((count, {strikes}) => count + (strikes.get(name) ?? 0), 0));
    }),
  ]);
  return table(['fault', ...kinds], rows);
}

function skippedLines(runs: readonly Run[]): string[] {
  const skipped = new Map(runs.flatMap((run) => [...run.skipped]));
  const struck = new Set(runs.flatMap(({strikes}) => [...strikes.keys()]));
  return [...skipped].filter(([name]) => !struck.has(name)).map(([name, why]) => `SKIPPED: ${name}: ${why}`);
}

/** Formats a Markdown table with aligned columns: text in the first, numbers in the others. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(title.length, 3, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rows.map(line)];
}

function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((all, count) => all + count, 0);
}
