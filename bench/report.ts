import type {CommandFigures} from './commands.js';
import type {Figures} from './compare.js';

export interface Section {
  readonly title: string;
  readonly rows: readonly {readonly label: string; readonly figures: Figures}[];
}

export interface Report {
  /** The machine and versions, in one sentence. */
  readonly machine: string;
  readonly sections: readonly Section[];
  readonly commands: readonly CommandFigures[];
  readonly firstAnswerMs: number;
  /** Peak memory of the service over the whole run. */
  readonly peakMegabytes: number;
}

export function toMarkdown({machine, sections, commands, firstAnswerMs, peakMegabytes}: Report): string {
  const lines = [machine, ''];
  for (const {title, rows} of sections) {
    const hasRedis = rows.some(({figures}) => figures.shareOfRedis !== undefined);
    const shown = rows.map(({label, figures}) => [
      ...cells(label, figures),
      ...(hasRedis ? [formatFigure(figures.shareOfRedis)] : []),
    ]);
    lines.push(`### ${title}`, '', ...table(hasRedis ? [...head, 'of Redis'] : head, shown), '');
  }
  lines.push('### Commands', '');
  const timed = commands.map(({name, medianMs, ratio}) => [
    `\`${name}\``,
    medianMs.toFixed(0),
    ratio.toFixed(2),
  ]);
  lines.push(...table(['command', 'wall time, median ms', 'against `node -e 0`'], timed), '');
  lines.push(
    `\`serve\` gave its first answer ${firstAnswerMs.toFixed(0)} ms after its start.`,
    `The service on SQLite used at most ${peakMegabytes.toFixed(0)} MB.`,
  );
  return lines.join('\n');
}

const head = [
  '',
  'server',
  'requests/s (least to most)',
  'p50 ms',
  'p99 ms',
  'p99.9 ms',
  'CPU µs/request',
  'share of bare',
];

function cells(label: string, figures: Figures): string[] {
  const {name, rate, slowest, fastest, p50, p99, p999, cpuMicroseconds, share} = figures;
  return [
    label,
    name,
    `${rate.toFixed(0)} (${slowest.toFixed(0)} to ${fastest.toFixed(0)})`,
    ...[p50, p99, p999].map(formatFigure),
    cpuMicroseconds.toFixed(1),
    share.toFixed(2),
  ];
}

/** Formats a figure; a dash stands for one that is unknown. */
function formatFigure(value = Number.NaN): string {
  return Number.isNaN(value) ? '-' : value.toFixed(2);
}

/** Formats a Markdown table as prettier does: padded columns, numbers to the right. */
function table(names: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const isNumeric = names.map(
    (_, column) => column > 0 && rows.every((row) => /^(?:[0-9]|-$)/.test(row[column] ?? '')),
  );
  const widths = names.map((name, column) =>
    Math.max(3, name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (isNumeric[column] === true ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    isNumeric[column] === true ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(names), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}
