import {setTimeout as sleep} from 'node:timers/promises';
import type {Arena, Fault, Touched} from '../arena.js';
import type {Direction, Inspector, Proxy} from '../proxy.js';

/** One of the two networks: that between servers and database, or that between clients and servers. */
interface Network {
  readonly name: string;
  readonly touches: readonly Touched[];
  /** True if only a server would have received a lost answer. */
  readonly mayLose: boolean;
  readonly applies: (arena: Arena) => boolean;
  /** Picks one of its proxies, with functions that recognize its bytes. */
  readonly pick: (arena: Arena) => Watched | undefined;
}

interface Watched {
  readonly proxy: Proxy;
  readonly target: string;
  readonly isRequest: (bytes: Buffer) => boolean;
  readonly isAnswer: (bytes: Buffer) => boolean;
}

const networks: readonly Network[] = [
  {
    name: 'database',
    touches: ['database network'],
    mayLose: true,
    applies: ({database}) => database.server !== undefined,
    pick: ({database: {server}}) =>
      server === undefined
        ? undefined
        : {
            proxy: server.proxy,
            target: 'servers and database',
            isRequest: server.isAllocation,
            isAnswer: server.isCommitted,
          },
  },
  {
    name: 'client',
    touches: ['client network'],
    mayLose: false,
    applies: () => true,
    pick: ({random, servers}) => {
      const {proxy, process} = random.pick(servers);
      return {
        proxy,
        target: `clients and ${process.name}`,
        isRequest: (bytes) => bytes.includes('GET /getid'),
        isAnswer: (bytes) => bytes.includes('"startIndex"'),
      };
    },
  },
];

/** Time until the bytes must pass: another fault may delay them. */
const WAIT_MS = 60_000;

/** Cuts at matching bytes up to `times` times, within `WAIT_MS`. @returns the count of cuts */
async function atBytes(
  proxy: Proxy,
  times: number,
  direction: Direction,
  isIt: (bytes: Buffer) => boolean,
  verdict: 'cut' | 'pass and cut',
): Promise<number> {
  let cuts = 0;
  const inspector: Inspector = (way, bytes) => {
    if (way !== direction || cuts >= times || !isIt(bytes)) return 'pass';
    cuts++;
    return verdict;
  };
  proxy.inspect(inspector);
  for (let waited = 0; waited < WAIT_MS && cuts < times; waited += 10) await sleep(10);
  proxy.inspect(undefined);
  return cuts;
}

function faultsOf({name, touches, mayLose, applies, pick}: Network): readonly Fault[] {
  const fault = (what: string, work: (watched: Watched, arena: Arena) => Promise<void> | void): Fault => ({
    name: `${name} connections ${what}`,
    touches,
    applies,
    strike: async (arena) => {
      const watched = pick(arena);
      if (watched === undefined) return;
      await arena.deed({target: watched.target, mayLose}, () => work(watched, arena));
    },
  });
  const expectCuts = (cuts: number, {target}: Watched, {wrong}: Arena): void => {
    if (cuts === 0) wrong(`no bytes to cut at passed between ${target}`);
  };
  return [
    fault('cut', ({proxy}) => {
      proxy.cut();
    }),
    fault('delayed', async ({proxy}, {random}) => {
      proxy.delay(random.between(5, 300));
      await sleep(random.between(200, 1000));
      proxy.delay(0);
    }),
    fault('half-open', async ({proxy}, {random}) => {
      proxy.hold(true);
      await sleep(random.pick([100, 500, 1000, 3000]));
      // Then either all held bytes arrive, or none ever do.
      if (random.between(0, 1) === 0) proxy.cut();
      proxy.hold(false);
      await sleep(20);
    }),
    fault('cut when the request has passed', async (watched, arena) => {
      const times = arena.random.between(1, 5);
      expectCuts(
        await atBytes(watched.proxy, times, 'up', watched.isRequest, 'pass and cut'),
        watched,
        arena,
      );
    }),
    fault('cut before the answer passes', async (watched, arena) => {
      const times = arena.random.between(1, 5);
      expectCuts(await atBytes(watched.proxy, times, 'down', watched.isAnswer, 'cut'), watched, arena);
    }),
  ];
}

/** Faults of connections, between servers and database and between clients and servers. */
export const connectionFaults: readonly Fault[] = networks.flatMap(faultsOf);
