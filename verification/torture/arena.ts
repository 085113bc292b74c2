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

/** An act of a fault, for the history of events. */
export interface Deed {
  readonly target: string;
  /** True if a range can be lost although its requests are answered in the end; false by default. */
  readonly mayLose?: boolean;
  readonly client?: string;
}

/** The end of an operator's command. */
export interface CommandEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that faults act on: one database, its servers, and clients under load. */
export interface Arena {
  readonly random: Random;
  readonly modes: readonly string[];
  readonly servers: readonly TorturedServer[];
  readonly database: TortureDatabase;
  /** The small disk that holds the database, if one is used. */
  readonly disk: SmallDisk | undefined;
  /** The file from which servers read the offset of their clock; `undefined` if it cannot be set. */
  readonly clock: string | undefined;
  /** Does something, and records it with its time under the name of the fault. */
  readonly deed: (deed: Deed, work: () => Promise<void> | void) => Promise<void>;
  /** Does something, and records that it moved a counter forwards. */
  readonly reset: (mode: string, from: bigint, to: bigint, work: () => Promise<void>) => Promise<void>;
  /** Counts processes of servers and databases that were killed. */
  readonly killed: (count: number) => void;
  /** Sends a request to one server as the arena's own client. */
  readonly probe: (server: TorturedServer, mode: string, range?: bigint) => Promise<Outcome>;
  /** Runs `uniqueid` with arguments, on the database under torture. */
  readonly command: (...args: readonly string[]) => Promise<CommandEnd>;
  /** Kills one process of clients at any moment, and starts another one with clients of other names. */
  readonly replaceClients: () => Promise<void>;
  /** Reports that something is wrong; the run then fails. */
  readonly wrong: (what: string) => void;
}

/** Things that only one fault may touch at a time. */
export type Touched =
  'server' | 'client network' | 'database' | 'database network' | 'files' | 'clients' | 'clock' | 'operator';

/** One thing that goes wrong in the world, and is repaired before `strike` ends. */
export interface Fault {
  readonly name: string;
  /** True if it kills processes of servers or databases; such faults strike more often. */
  readonly kills?: boolean;
  /** Faults that touch the same thing are not mixed. */
  readonly touches: readonly Touched[];
  /** Returns the reason why it is impossible here; `undefined` if it is possible. */
  readonly impossible?: (arena: Arena) => string | undefined;
  /** Returns false if it has no meaning here, such as cut connections to a file; it is then not reported. */
  readonly applies?: (arena: Arena) => boolean;
  readonly strike: (arena: Arena) => Promise<void>;
}

/** For faults that must strike alone. */
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
