import {spawn} from 'node:child_process';
import {createInterface} from 'node:readline';
import type {Writable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import type {Host} from './hosts/host.js';

const program = fileURLToPath(new URL('commit-process.ts', import.meta.url));

/** Finds out when commits are possible from a host, with a program that has no code of UniqueID. */
export class CommitWatch {
  /** The moments of its commits, in order. */
  readonly moments: number[] = [];
  readonly #input: Writable;

  /** @param url the URL of the server on this host; each of its hosts is tried */
  constructor(host: Host, url: string) {
    const words = [...host.within(), process.execPath, '--import', 'tsx', program, host.name];
    const child = spawn(words[0] ?? '', [...words.slice(1), ...eachHost(url)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    createInterface(child.stdout).on('line', (line) => this.moments.push(Number(line)));
    this.#input = child.stdin;
  }

  stop(): void {
    this.#input.end();
  }
}

/** Splits a URL with several hosts into one per host. */
function eachHost(url: string): readonly string[] {
  const [, before = '', hosts = '', after = ''] = /^(.*@)([^/]*)(\/.*)$/.exec(url) ?? [];
  return hosts.split(',').map((host) => `${before}${host}${after}`);
}
