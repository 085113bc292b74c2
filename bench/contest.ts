import {run, type Load, type Round} from './load.js';
import {median, medianRatio} from './statistics.js';
import type {Target} from './target.js';

/** The medians of one target over all rounds. */
export interface Figures {
  readonly name: string;
  readonly rate: number;
  readonly least: number;
  readonly most: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly cpuMicroseconds: number;
  readonly driverShare: number;
  /** The rate as a share of the first target's; the median of the ratios round by round. */
  readonly share: number;
}

/**
 * Puts the same load on each target in turn, round by round, so that a slow moment of the machine affects all
 * targets. Compares each target with the first.
 */
export async function contest(
  targets: readonly Target[],
  load: Load,
  rounds: number,
  progress: (line: string) => void,
): Promise<readonly Figures[]> {
  const seen = new Map<Target, Round[]>(targets.map((target) => [target, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [target, all] of seen) {
      const figures = await run(target, load);
      progress(
        `${load.connections} connections, round ${round} of ${rounds}: ${target.name} ${figures.rate.toFixed(0)}/s`,
      );
      all.push(figures);
    }
  }
  const [first = []] = seen.values();
  const yardstick = first.map(({rate}) => rate);
  return [...seen].map(([{name}, all]) => {
    const rates = all.map(({rate}) => rate);
    const middle = (figure: (round: Round) => number): number => median(all.map(figure));
    return {
      name,
      rate: median(rates),
      least: Math.min(...rates),
      most: Math.max(...rates),
      p50: middle(({p50}) => p50),
      p99: middle(({p99}) => p99),
      p999: middle(({p999}) => p999),
      cpuMicroseconds: middle(({cpuMicroseconds}) => cpuMicroseconds),
      driverShare: middle(({driverShare}) => driverShare),
      share: medianRatio(rates, yardstick),
    };
  });
}
