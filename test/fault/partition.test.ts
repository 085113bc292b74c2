import {describe, expect, it} from 'vitest';
import {runVerification} from '../helpers/programs/verification.js';
import {needs} from '../helpers/run/needs.js';

/** An arbitrary seed; a constant makes a failure easy to repeat. */
const SEED = '19';

const setUps = [
  {
    name: 'patroni-strict',
    faults: ['writer cut from everything', 'waits for the standby cancelled', 'switchover'],
  },
  {name: 'galera', faults: ['writer cut from everything', 'mariadbd of the writer killed']},
  {name: 'patroni-restored', faults: ['older dump restored']},
  {name: 'galera-restored', faults: ['older dump restored']},
  // The control, which passes only if the checker sees integers that were issued twice.
  {name: 'async', faults: ['servers on both sides']},
] as const;

const trial = (...args: readonly string[]): ReturnType<typeof runVerification> =>
  runVerification('network/network.ts', args);

needs('network namespaces', 'patroni', 'etcd', 'postgresql', 'galera', 'haproxy')
  // Each trial has a network of its own, and waits for failovers most of the time.
  .describe('two servers on a cluster whose network fails', () => {
    it.concurrent.each(setUps)(
      'answer again by themselves, and $name loses integers only if it is asynchronous',
      async ({name, faults}) => {
        const {status, output} = await trial(
          ...['--minutes', '0', '--seed', SEED, '--setup', name],
          ...faults.flatMap((fault) => ['--fault', fault]),
        );
        expect(status, output).toBe(0);
      },
      600_000,
    );
  });

describe('the trial of the network', () => {
  it('rejects an unknown set-up, and lists the known ones', async () => {
    const {status, output} = await trial('--minutes', '1', '--setup', 'carrier pigeon');
    expect(status).toBe(2);
    for (const {name} of setUps) expect(output).toContain(name);
  });

  it('rejects an unknown fault', async () => {
    expect((await trial('--minutes', '1', '--fault', 'meteorite')).status).toBe(2);
  });
});
