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

/** Drops packets between a host and others. @returns a function that ends this cut and no other one */
export async function cut(host: Host, {from, direction, ports, loss}: Cut): Promise<() => Promise<void>> {
  const rules: string[][] = [];
  for (const {address} of from.filter((other) => other !== host))
    for (const [chain, side] of [
      ...(direction === 'out' ? [] : [['INPUT', '-s'] as const]),
      ...(direction === 'in' ? [] : [['OUTPUT', '-d'] as const]),
    ]) {
      const share =
        loss === undefined ? [] : ['-m', 'statistic', '--mode', 'random', '--probability', `${loss}`];
      const matches =
        ports === undefined ? [[]] : [['-p', 'tcp', '-m', 'multiport', '--ports', ports.join(',')]];
      for (const match of matches) rules.push([chain, side, address, ...match, ...share, '-j', 'DROP']);
    }
  const change = async (action: '-I' | '-D'): Promise<void> => {
    for (const rule of rules) await host.run('iptables', '-w', action, ...rule);
  };
  await change('-I');
  return () => change('-D');
}

/** Slows what a host sends. @returns a function that ends this */
export async function slow(host: Host, rate: string): Promise<() => Promise<void>> {
  const queue = ['dev', 'eth0', 'root'];
  await host.run('tc', 'qdisc', 'replace', ...queue, 'tbf', 'rate', rate, 'burst', '16kbit', 'latency', '2s');
  return async () => {
    await host.run('tc', 'qdisc', 'delete', ...queue);
  };
}
