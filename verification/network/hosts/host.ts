import {execFile, execFileSync, spawn, type ChildProcess} from 'node:child_process';
import {appendFileSync, mkdirSync, openSync, closeSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {workFolder} from './namespace.js';

const execute = promisify(execFile);

/** The network of all hosts; the trial itself is at its first address. */
const NETWORK = '10.83.0';
const BRIDGE = 'switch';

/** Runs a program, and returns its output. @throws Error with its standard error if it fails */
export async function command(...words: readonly string[]): Promise<string> {
  const [program = '', ...args] = words;
  return (await execute(program, args, {timeout: 120_000})).stdout;
}

/** A user of the system that a process runs as. */
export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

export interface SpawnOptions {
  readonly user?: User;
  readonly env?: Readonly<Record<string, string>>;
  /** The file of its output. */
  readonly log: string;
}

/** A machine of the trial: a network namespace with one interface on the common switch. */
export class Host {
  readonly name: string;
  readonly address: string;
  /** The folder of its files. */
  readonly folder: string;

  constructor(name: string, number: number) {
    this.name = name;
    this.address = `${NETWORK}.${number}`;
    this.folder = join(workFolder, name);
    mkdirSync(this.folder, {recursive: true});
  }

  /** Connects it to the switch. */
  async connect(): Promise<void> {
    const {name} = this;
    await command('ip', 'netns', 'add', name);
    await command('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await command('ip', 'link', 'set', name, 'master', BRIDGE, 'up');
    await command('ip', '-n', name, 'address', 'add', `${this.address}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await command('ip', '-n', name, 'link', 'set', device, 'up');
    // The name is of no example page, so no request leaves the trial to find it.
    appendFileSync('/etc/hosts', `${this.address} ${name}.example\n`);
  }

  /** The command that runs another one on this host, with the same process id. */
  within({uid, gid}: User = {}): string[] {
    return [
      ...['nsenter', `--net=/run/netns/${this.name}`],
      ...(uid === undefined ? [] : ['--setuid', String(uid)]),
      ...(gid === undefined ? [] : ['--setgid', String(gid)]),
      '--',
    ];
  }

  start(words: readonly string[], {user, env, log}: SpawnOptions): ChildProcess {
    const [program = '', ...args] = [...this.within(user), ...words];
    const file = openSync(log, 'a');
    try {
      return spawn(program, args, {
        cwd: this.folder,
        env: {...process.env, HOME: this.folder, ...env},
        stdio: ['ignore', file, file],
      });
    } finally {
      closeSync(file);
    }
  }

  /** Runs a program on this host, and returns its output. @throws Error if it fails */
  run(...words: readonly string[]): Promise<string> {
    return command(...this.within(), ...words);
  }

  /** Sends a signal to all processes of this host. */
  async signal(signal: 'STOP' | 'CONT'): Promise<void> {
    const pids = (await command('ip', 'netns', 'pids', this.name)).split('\n').filter((pid) => pid !== '');
    for (const pid of pids)
      try {
        process.kill(Number(pid), `SIG${signal}`);
      } catch {
        // It has just ended.
      }
  }
}

/** Makes the switch that all hosts are connected to. */
export function makeSwitch(): void {
  const ip = (...args: readonly string[]): void => void execFileSync('ip', args);
  ip('link', 'add', BRIDGE, 'type', 'bridge');
  ip('address', 'add', `${NETWORK}.1/24`, 'dev', BRIDGE);
  ip('link', 'set', BRIDGE, 'up');
}
