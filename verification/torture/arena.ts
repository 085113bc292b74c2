import type {TortureDatabase} from './databases/database.js';
import type {Proxy} from './proxy.js';
import type {Random} from '../../test/helpers/random.js';
import type {ServeProcess} from './serve-process.js';
import type {SmallDisk} from '../../test/helpers/folders/small-disk.js';
import type {Outcome} from './asker.js';

/** A server under torture, and the proxy through which clients reach it. */
export interface TorturedServer {
  readonly process: ServeProcess;
  readonly proxy: Proxy;
  /** Where clients reach it. */
  readonly url: string;
}

/** What was done, for the history of events. */
export interface Deed {
  readonly target: string;
  /** Whether a commit can be lost though its requests are answered in the end; not unless said so. */
  readonly mayLose?: boolean;
  readonly client?: string;
}

/** How a command of an operator ended. */
export interface CommandEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** All that faults have to do with: one database, its servers, and clients under load. */
export interface Arena {
  readonly random: Random;
  readonly modes: readonly string[];
  readonly servers: readonly TorturedServer[];
  readonly database: TortureDatabase;
  /** The small disk that the database is on, where there is one. */
  readonly disk: SmallDisk | undefined;
  /** The file from which servers read how far their clock is off; `undefined` where it cannot be set. */
  readonly clock: string | undefined;
  /** Does something, and writes it down with its time under the name of the fault that does it. */
  readonly deed: (deed: Deed, work: () => Promise<void> | void) => Promise<void>;
  /** Writes down that a counter was moved forwards meanwhile. */
  readonly reset: (mode: string, from: bigint, to: bigint, work: () => Promise<void>) => Promise<void>;
  /** Counts processes of servers and databases that were killed. */
  readonly killed: (count: number) => void;
  /** Asks one server as a client that the arena keeps for itself. */
  readonly probe: (server: TorturedServer, mode: string, range?: bigint) => Promise<Outcome>;
  /** Runs `uniqueid` with arguments, on the database under torture. */
  readonly command: (...args: readonly string[]) => Promise<CommandEnd>;
  /** Kills one process of clients in the middle of what it does, and starts another one with clients of other names. */
  readonly replaceClients: () => Promise<void>;
  /** Says that something is not as it must be; the run has failed then. */
  readonly wrong: (what: string) => void;
}

/** What faults have in common that may not happen at once. */
export type Touched =
  'server' | 'client network' | 'database' | 'database network' | 'files' | 'clients' | 'clock' | 'operator';

/** One thing that goes wrong in the world, and is mended again before `strike` ends. */
export interface Fault {
  readonly name: string;
  /** Whether processes of servers or databases are killed: such faults strike more often. */
  readonly kills?: boolean;
  /** Faults that touch the same are not mixed. */
  readonly touches: readonly Touched[];
  /** Why it cannot be done here; `undefined` where it can. */
  readonly impossible?: (arena: Arena) => string | undefined;
  /** Where there is nothing of its kind to go wrong, such as connections to a file; then nobody misses it. */
  readonly applies?: (arena: Arena) => boolean;
  readonly strike: (arena: Arena) => Promise<void>;
}

/** For faults that nothing else may be mixed with. */
export const everything: readonly Touched[] = [
  'server',
  'client network',
  'database',
  'database network',
  'files',
  'clients',
  'clock',
  'operator',
];
