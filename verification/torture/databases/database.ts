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
  /** Immediately, without a chance to write anything. */
  readonly kill: Ending;
  /** Immediately, but by a signal it handles; the same as `kill` if the product has none. */
  readonly stopAtOnce: Ending;
  /** As an administrator restarts it. */
  readonly shutDown: Ending;
  /** Returns true for the bytes of an allocation. */
  readonly isAllocation: (bytes: Buffer) => boolean;
  /** Returns true for the answer to a committed allocation. */
  readonly isCommitted: (bytes: Buffer) => boolean;
  /** Returns the ids of the processes that serve one connection each; none if the product has threads. */
  readonly backends: () => Promise<readonly number[]>;
  /** Forbids or permits writes, without cutting a connection. */
  readonly setReadOnly: (isReadOnly: boolean) => Promise<void>;
}

/** A database under torture. These methods bypass the proxy. */
export interface TortureDatabase {
  readonly kind: Kind;
  /** The environment by which servers and commands reach it. */
  readonly env: Readonly<Record<string, string>>;
  readonly server?: DatabaseServer;
  /** The path, if it is a file. */
  readonly path?: string;
  /** Runs statements in order on one connection; returns the rows of the last one as text. */
  readonly run: (statements: readonly string[]) => Promise<readonly (readonly string[])[]>;
  /** Saves the present state; the returned function restores it. */
  readonly backup: () => Promise<() => Promise<void>>;
  /** SQL that makes the next allocations need space on the disk. */
  readonly needSpace: readonly string[];
  readonly remove: () => Promise<void>;
}

/** Reads all counters. */
export async function readCounters({kind, run}: TortureDatabase): Promise<ReadonlyMap<string, bigint>> {
  const quote = kind === 'mariadb' ? '`' : '"';
  const rows = await run([`SELECT id, ${quote}index${quote} FROM uniqueindex`]);
  return new Map(rows.map(([mode = '', next = '']) => [mode, BigInt(next)]));
}
