// Clients in their own process, one per name. They send requests until standard input ends, then print their
// ClientReport as a line of JSON. Run as: client-process.ts PLAN, a ClientPlan as JSON
import {setTimeout as sleep} from 'node:timers/promises';
import {Asker} from './asker.js';
import {seeded} from '../../test/helpers/random.js';

/** The task of the clients of one process. */
export interface ClientPlan {
  /** The folder of the histories. */
  readonly folder: string;
  readonly names: readonly string[];
  /** The URLs of the servers. */
  readonly servers: readonly string[];
  readonly modes: readonly string[];
  readonly seed: number;
  /** The time between an answer and the next request in ms; 0 by default. */
  readonly pauseMs?: number;
}

/** The output of the process at its end, or immediately after a wrong answer. */
export interface ClientReport {
  readonly answered: number;
  readonly lost: number;
  /** Answers that must not occur; the clients stop at the first. */
  readonly wrong: readonly string[];
}

/** The largest count of a request. */
const MAX_COUNT = 100;

async function main(plan: ClientPlan): Promise<void> {
  let goOn = true;
  const wrong: string[] = [];
  let [answered, lost] = [0, 0];
  process.stdin.on('end', () => (goOn = false)).resume();

  const client = async (name: string, number: number): Promise<void> => {
    const {between, pick} = seeded(plan.seed * 1000 + number);
    const asker = new Asker(plan.folder, name);
    // Some stay with one server, as clients do; some change servers, as behind a load balancer.
    const own = plan.servers[(number >> 1) % plan.servers.length] ?? '';
    while (goOn) {
      const server = number % 2 === 0 ? own : pick(plan.servers);
      const outcome = await asker.ask(server, pick(plan.modes), BigInt(between(1, MAX_COUNT)));
      if (outcome.is === 'answered') {
        answered++;
        if (plan.pauseMs !== undefined) await sleep(plan.pauseMs);
      } else if (outcome.is === 'wrong') {
        wrong.push(`${name}: ${outcome.answer}`);
        goOn = false;
      } else {
        if (outcome.is === 'lost') lost++;
        await sleep(between(5, 50));
      }
    }
    asker.close();
  };
  await Promise.all(plan.names.map(client));
  process.stdout.write(`${JSON.stringify({answered, lost, wrong} satisfies ClientReport)}\n`);
}

await main(JSON.parse(process.argv[2] ?? '') as ClientPlan);
