import type {Contestant, Load, Round} from './load.js';
import {median, medianRatio} from './statistics.js';

/** The medians of one contestant over all rounds. */
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
  /** The rate as a share of the first contestant's; the median of the ratios round by round. */
  readonly share: number;
  /** The same against Redis; `undefined` if it did not take part. */
  readonly shareOfRedis: number | undefined;
}

/**
 * Puts the same load on each contestant in turn, round by round, so that a slow moment of the machine affects
 * all of them. Compares each with the first, and with Redis.
 */
export async function compareAll(
  contestants: readonly Contestant[],
  load: Load,
  rounds: number,
  progress: (line: string) => void,
): Promise<readonly Figures[]> {
  const results = contestants.map(({name}) => ({name, all: [] as Round[]}));
  for (let round = 1; round <= rounds; round++) {
    for (const [index, {name, measure}] of contestants.entries()) {
      const figures = await measure(load);
      progress(
        `${load.connections} connections, round ${round} of ${rounds}: ${name} ${figures.rate.toFixed(0)}/s`,
      );
      results[index]?.all.push(figures);
    }
  }
  const ratesOf = (all: readonly Round[] = []): readonly number[] => all.map(({rate}) => rate);
  const baseline = ratesOf(results[0]?.all);
  const redis = results.find(({name}) => name === 'Redis');
  return results.map(({name, all}) => {
    const rates = ratesOf(all);
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
      shareOfRedis: redis === undefined ? undefined : medianRatio(rates, ratesOf(redis.all)),
    };
  });
}
