import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {freePort} from '../../test/helpers/databases/private-server.js';
import type {GuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {logOf, ServeProcess} from '../torture/serve-process.js';

/** Time that a server lets a request wait. */
const REQUEST_TIMEOUT_S = 2;

export interface FleetOptions {
  readonly servers: number;
  /** The number of machines: groups of servers with a memory each. */
  readonly machines: number;
  readonly folder: string;
  /** The folder that kills the servers if the trial is killed. */
  readonly guard: GuardedFolder;
  readonly env: Readonly<Record<string, string>>;
}

/** The servers of one run. */
export interface Fleet {
  readonly servers: readonly ServeProcess[];
  /** The environment of commands on one machine. */
  readonly envOf: (machine: number) => Readonly<Record<string, string>>;
}

/** Describes the servers of a run; starts none. */
export async function makeFleet(options: FleetOptions): Promise<Fleet> {
  const {servers: count, machines, folder, guard, env} = options;
  const servers: ServeProcess[] = [];
  const envOf = (machine: number): Readonly<Record<string, string>> => {
    const state = join(folder, `state-${machine + 1}`);
    mkdirSync(state, {recursive: true});
    // Beside an SQLite file there is one memory; only the setting gives each machine its own.
    const file = machines > 1 ? {UNIQUEID_GUARD_FILE: join(state, 'issued')} : {};
    return {
      ...env,
      STATE_DIRECTORY: state,
      ...file,
      UNIQUEID_REQUEST_TIMEOUT: String(REQUEST_TIMEOUT_S),
      DATABASE_CONNECT_ATTEMPTS: '100',
      DATABASE_CONNECT_WAIT: '0.1',
    };
  };
  for (let index = 0; index < count; index++) {
    const name = `server ${index + 1}`;
    servers.push(
      new ServeProcess({
        name,
        port: await freePort(),
        cwd: folder,
        log: logOf(folder, name),
        env: envOf(index % machines),
        onChange: () => {
          guard.watch(...servers.map(({pid}) => pid));
        },
      }),
    );
  }
  return {servers, envOf};
}

export const urlOf = ({port}: ServeProcess): string => `http://127.0.0.1:${port}`;
