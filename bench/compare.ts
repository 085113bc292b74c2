import {run, type Load, type Round} from './load.js';
import {median, medianRatio} from './statistics.js';
import type {Target} from './target.js';

/** The medians of one target over all rounds. */
export interface Figures {
  readonly name: string;
  readonly rate: number;
  readonly slowest: number;
  readonly fastest: number;
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
export async function compareTargets(
  targets: readonly Target[],
  load: Load,
  rounds: number,
  progress: (line: string) => void,
): Promise<readonly Figures[]> {
  const results = new Map<Target, Round[]>(targets.map((target) => [target, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const [target, all] of results) {
      const figures = await run(target, load);
      progress(
        `${load.connections} connections, round ${round} of ${rounds}: ${target.name} ${figures.rate.toFixed(0)}/s`,
      );
      all.push(figures);
    }
  }
  const [first = []] = results.values();
  const baseline = first.map(({rate}) => rate);
  return [...results].map(([{name}, all]) => {
    const rates = all.map(({rate}) => rate);
    const medianOf = (figure: (round: Round) => number): number => median(all.map(figure));
    return {
      name,
      rate: median(rates),
      slowest: Math.min(...rates),
      fastest: Math.max(...rates),
      p50: medianOf(({p50}) => p50),
      p99: medianOf(({p99}) => p99),
      p999: medianOf(({p999}) => p999),
      cpuMicroseconds: medianOf(({cpuMicroseconds}) => cpuMicroseconds),
      driverShare: medianOf(({driverShare}) => driverShare),
      share: medianRatio(rates, baseline),
    };
  });
}
