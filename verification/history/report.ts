import type {Findings, Report} from './findings.js';

/**
 * Formats the findings for people.
 *
 * @param most the most findings of each kind to list
 */
export function formatReport(report: Report, most = Infinity): string {
  const section = (title: string, {count: found, first}: Findings): string[] => {
    const listed = first.slice(0, most);
    const more = found > listed.length ? [`  and ${found - listed.length} more`] : [];
    return [`${title}: ${found}`, ...listed.map((text) => `  ${text}`), ...more];
  };
  const {clients, answered, unanswered, integers, faults, allowedGaps, torn} = report;
  const lines = [
    `${count(answered, 'range')} with ${integers} integers, answered to ${count(clients, 'client')}; ${count(unanswered, 'request')} without an answer`,
    `faults: ${listed(faults)}`,
    `gaps with a cause: ${listed(allowedGaps)}`,
    ...(torn.length === 0 ? [] : [`last line incomplete, as a killed client leaves it: ${torn.join(', ')}`]),
    ...section('integers in two answers', report.overlaps),
    ...section('gaps without a cause', report.unexplainedGaps),
    ...section('answers out of order', report.outOfOrder),
    ...section('counters that disagree with the answers', report.wrongCounters),
    ...section('answers that are not the requested range', report.wrongRanges),
    ...section('damage in the histories', report.damaged),
  ];
  return `${lines.join('\n')}\n`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function listed(counts: ReadonlyMap<string, number>): string {
  if (counts.size === 0) return 'none';
  return [...counts].map(([name, number]) => `${number} ${name}`).join(', ');
}
