import {now} from '../history/line.js';
import type {Backup} from './databases/database.js';
import type {TrialContext} from './context.js';
import {urlOf} from './fleet.js';
import type {Operator} from './operator.js';
import {countRaises} from './raises.js';
import {restartedLater, treatments} from './treatments.js';

/** Everything that one run works with. */
export interface Trial extends TrialContext {
  readonly operator: Operator;
}

/** A restore that has happened. */
export interface Accident {
  /** True if restored counters were seen below their high-water marks before any server started. */
  readonly isBehind: boolean;
  /**
   * Records the fault, and a flaw if no server reports that it has raised a counter. Call it once all servers
   * have answered for all modes: until then, a server may drop a range, or raise a counter past one.
   */
  readonly conclude: () => Promise<void>;
}

/** Restores a backup while the servers are stopped, killed, running, or each something else. */
export async function strikeAccident(trial: Trial, backup: Backup): Promise<Accident> {
  const {random, fleet, machines, ledger, database, operator, append, tell, wrong} = trial;
  const isMixed = fleet.servers.length > 1 && random.percent(40);
  const one = random.pick(treatments);
  const plan = fleet.servers.map((server) => ({
    server,
    treatment: isMixed ? random.pick([...treatments, restartedLater]) : one,
  }));
  tell(
    `restore of the backup by ${backup.name}; servers: ${plan.map(({treatment}) => treatment.name).join(', ')}`,
  );
  ledger.restored();
  const begun = now();
  await Promise.all(plan.map(({server, treatment}) => treatment.before(server)));
  const next = new Map(ledger.modes().map((mode) => [mode, ledger.next(mode)]));
  await backup.restore();
  const areAllDown = plan.every(({server}) => !server.isRunning);
  // While no server runs, the restored counters are still there to be read.
  const isBehind = areAllDown && isBelow(await database.counters(), next);
  const isCommandFirst = areAllDown && random.percent(20);
  if (isCommandFirst) await operator.getid();
  await Promise.all(plan.map(({server, treatment}) => treatment.after(server)));
  return {
    isBehind,
    conclude: async () => {
      for (const {server} of plan) append({...fault(server.name), begun, ended: now()});
      // A command may raise the only counter that is behind.
      if (!isBehind || isCommandFirst || machines > 1) return;
      if ((await countRaises(fleet.servers.map(urlOf))) === 0)
        wrong('counters were restored below their high-water marks, and no server reports it');
    },
  };
}

function isBelow(counters: ReadonlyMap<string, bigint>, next: ReadonlyMap<string, bigint>): boolean {
  return [...next].some(([mode, least]) => (counters.get(mode) ?? 0n) < least);
}

const fault = (target: string): {event: 'fault'; fault: string; target: string; mayLose: boolean} => ({
  event: 'fault',
  fault: 'older backup restored',
  target,
  mayLose: true,
});
