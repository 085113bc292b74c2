import type {Outage} from './probe.js';
import type {Strike} from './run.js';

/** Formats a Markdown table of all faults by set-up; several strikes of one fault are one row. */
export function formatStrikes(strikes: readonly Strike[]): string {
  const head = [
    'set-up',
    'fault',
    'strikes',
    'ranges',
    'overlaps',
    'out of order',
    'unexplained gaps',
    'raised',
    'outage of both servers and the idle one, s',
    'late, s',
    'falsely healthy, s',
    'stuck',
  ];
  const groups = new Map<string, Strike[]>();
  for (const strike of strikes) {
    const key = `${strike.setUp}: ${strike.faults.length > 1 ? 'two at once' : strike.faults.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), strike]);
  }
  const rows = [...groups].map(([key, group]) => {
    const sum = (value: (strike: Strike) => number): string =>
      String(group.reduce((all, strike) => all + value(strike), 0));
    return [
      ...key.split(': '),
      String(group.length),
      sum(({ranges}) => ranges),
      sum(({overlaps}) => overlaps),
      sum(({disorder}) => disorder),
      sum(({unexplainedGaps}) => unexplainedGaps),
      sum(({raised}) => raised),
      longest(group, ({total}) => total),
      longest(group, ({late}) => late),
      longest(group, ({falselyHealthy}) => falselyHealthy),
      group.some(({isStuck}) => isStuck) ? 'YES' : 'no',
    ];
  });
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Formats the longest time of each server. */
function longest(strikes: readonly Strike[], time: (outage: Outage) => number): string {
  return [0, 1, 2]
    .map((server) => {
      const outages = strikes.flatMap(({outages}) => outages[server] ?? []);
      return Math.max(...outages.map(time)).toFixed(1);
    })
    .join(', ');
}
