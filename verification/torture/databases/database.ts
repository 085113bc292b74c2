import type {PrivateServer} from '../../../test/helpers/databases/private-server.js';
import type {Proxy} from '../proxy.js';

export const kinds = ['sqlite', 'postgresql', 'mariadb'] as const;
export type Kind = (typeof kinds)[number];

/** A way to end a database server. */
export interface Ending {
  readonly name: string;
  readonly signal: NodeJS.Signals;
}

/** A database server, and the proxy through which the servers under torture reach it. */
export interface DatabaseServer {
  readonly process: PrivateServer;
  readonly proxy: Proxy;
  /** At once, without a chance to write anything. */
  readonly kill: Ending;
  /** At once, but told; the same as `kill` where the product knows no such thing. */
  readonly stopAtOnce: Ending;
  /** As an administrator restarts it. */
  readonly shutDown: Ending;
  /** Whether these bytes ask for an allocation. */
  readonly isAllocation: (bytes: Buffer) => boolean;
  /** Whether these bytes answer one that is committed. */
  readonly isCommitted: (bytes: Buffer) => boolean;
  /** Ids of the processes that serve single connections, where there are such. */
  readonly backends: () => Promise<readonly number[]>;
  /** Lets nobody write, or lets them again, without cutting a connection. */
  readonly setReadOnly: (isReadOnly: boolean) => Promise<void>;
}

/** A database under torture. What is done to it here goes past the proxy. */
export interface TortureDatabase {
  readonly kind: Kind;
  /** By which servers and commands reach it. */
  readonly env: Readonly<Record<string, string>>;
  readonly server?: DatabaseServer;
  /** The file, where it is one. */
  readonly path?: string;
  /** Runs SQL, one statement after the other on one connection; what the last one answers, as text. */
  readonly run: (statements: readonly string[]) => Promise<readonly (readonly string[])[]>;
  /** Notes its present state; what it answers puts that back. */
  readonly backup: () => Promise<() => Promise<void>>;
  /** SQL that makes the next allocations need space on the disk. */
  readonly needSpace: readonly string[];
  readonly remove: () => Promise<void>;
}

/** Where all counters stand. */
export async function readCounters({kind, run}: TortureDatabase): Promise<ReadonlyMap<string, bigint>> {
  const quote = kind === 'mariadb' ? '`' : '"';
  const rows = await run([`SELECT id, ${quote}index${quote} FROM uniqueindex`]);
  return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
}
