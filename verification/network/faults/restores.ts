import {setTimeout as sleep} from 'node:timers/promises';
import {treatments} from '../../restore/treatments.js';
import {until} from '../hosts/daemon.js';
import {untilServed, type Fault} from './common.js';

/** Time for a restore: it waits as long as no host can commit. */
const RESTORE_WITHIN_MS = 180_000;

/** Restores a dump until that succeeds; running servers and other faults may interrupt it. */
function untilRestored(restore: () => Promise<void>): Promise<boolean> {
  return until('the dump is restored', RESTORE_WITHIN_MS, async () => {
    try {
      await restore();
      return true;
    } catch {
      return false;
    }
  });
}

/** Faults of servers that share a memory: another one would repeat what this one has issued last. */
export const restoreFaults = (): readonly Fault[] => [
  {
    name: 'older dump restored',
    movesBack: true,
    endsServers: true,
    strike: async (trial, cluster) => {
      const {random, servers} = trial;
      const restore = await cluster.dump();
      await sleep(random.between(500, 5000));
      const plan = servers.map(({process}) => ({process, treatment: random.pick(treatments)}));
      await Promise.all(plan.map(({process, treatment}) => treatment.before(process)));
      try {
        await untilRestored(restore);
      } finally {
        await Promise.all(plan.map(({process, treatment}) => treatment.after(process)));
      }
      await untilServed(trial, 1000);
    },
  },
];
