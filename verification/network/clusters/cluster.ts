import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {until} from '../hosts/daemon.js';
import type {Host} from '../hosts/host.js';

/** The account of the servers. */
export const account = {user: 'uniqueid', password: 'secret', database: 'uniqueid'} as const;

/** The cluster has no host for a fault: another one has taken it. */
export class NoHost extends Error {}

/** Waits until a cluster has a host of some kind. @throws NoHost after the limit */
export async function untilHost(
  what: string,
  limitMs: number,
  look: () => Promise<Host | undefined>,
): Promise<Host> {
  try {
    return await until(what, limitMs, look);
  } catch (error) {
    throw new NoHost(`there is no host: ${what}`, {cause: error});
  }
}

/** A database on several hosts. */
export interface Cluster {
  readonly hosts: readonly Host[];
  /** Starts it, and creates the database and the account of the servers. */
  readonly start: () => Promise<void>;
  /** The URL that servers use. */
  readonly url: string;
  /** Prepares the host of a server, such as with a proxy. */
  readonly serve: (host: Host) => Promise<void>;
  /** Returns the host that takes the writes now. @throws NoHost if there is none */
  readonly writer: () => Promise<Host>;
  /** Returns a host that could take the writes next. @throws NoHost if there is none */
  readonly standby: () => Promise<Host>;
  /** Returns true if all hosts are working members. */
  readonly isWhole: () => Promise<boolean>;
  /** Time for which connections may still be cut when the cluster is whole. */
  readonly settlesWithinMs: number;
  readonly counters: () => Promise<ReadonlyMap<string, bigint>>;
  /**
   * Dumps the database.
   *
   * @returns a function that tries once to replace all tables by those of the dump
   */
  readonly dump: () => Promise<() => Promise<void>>;
}

export const examples = new URL('../../../docs/operate/examples/', import.meta.url);

/** Reads an example of the docs, and puts other values into it. @throws Error if a value is not in it */
export function fillExample(name: string, values: readonly (readonly [string, string])[]): string {
  let text = readFileSync(fileURLToPath(new URL(name, examples)), 'utf8');
  for (const [from, to] of values) {
    if (!text.includes(from)) throw new Error(`the example ${name} does not contain ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
