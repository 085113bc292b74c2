import type {Host} from './host.js';

/** The packets that a cut drops, as seen from the cut host. */
export interface Cut {
  readonly from: readonly Host[];
  /** Both by default. */
  readonly direction?: 'in' | 'out';
  /** The TCP ports of either end; all packets by default. */
  readonly ports?: readonly number[];
  /** The share of lost packets from 0 to 1; all by default. */
  readonly loss?: number;
}

/**
 * Drops packets between a host and others.
 *
 * @returns a function that ends this cut and no other one; it throws if the cut has dropped no packet
 */
export async function cut(host: Host, {from, direction, ports, loss}: Cut): Promise<() => Promise<void>> {
  const rules: string[][] = [];
  for (const {address} of from.filter((other) => other !== host))
    for (const [chain, side] of [
      ...(direction === 'out' ? [] : [['INPUT', '-s'] as const]),
      ...(direction === 'in' ? [] : [['OUTPUT', '-d'] as const]),
    ]) {
      const share =
        loss === undefined ? [] : ['-m', 'statistic', '--mode', 'random', '--probability', `${loss}`];
      const matches = ports === undefined ? [] : ['-p', 'tcp', '-m', 'multiport', '--ports', ports.join(',')];
      rules.push([chain, side, address, ...matches, ...share, '-j', 'DROP']);
    }
  const change = async (action: '-I' | '-D'): Promise<void> => {
    for (const rule of rules) await host.run('iptables', '-w', action, ...rule);
  };
  const before = await countDropped(host);
  await change('-I');
  return async () => {
    const after = await countDropped(host);
    await change('-D');
    if (after === before) throw new Error(`a cut of ${host.name} dropped no packet`);
  };
}

/** Counts the packets that all present cuts of a host have dropped. */
async function countDropped(host: Host): Promise<number> {
  const list = await host.run('iptables', '-w', '-nvxL');
  const counts = Array.from(list.matchAll(/^ *(\d+) +\d+ DROP /gm), ([, count]) => Number(count));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Slows what a host sends. @returns a function that ends this */
export async function slow(host: Host, rate: string): Promise<() => Promise<void>> {
  const queue = ['dev', 'eth0', 'root'];
  await host.run('tc', 'qdisc', 'replace', ...queue, 'tbf', 'rate', rate, 'burst', '16kbit', 'latency', '2s');
  return async () => {
    await host.run('tc', 'qdisc', 'delete', ...queue);
  };
}
