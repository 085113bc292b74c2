import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ClientPlan, ClientReport} from './client-process.js';

/** A process of clients under load. */
export interface Clients {
  readonly pid: number;
  readonly names: readonly string[];
  /** Lets each client finish its request, and returns their report. @throws Error if they do not end */
  readonly stop: () => Promise<ClientReport>;
  /** Ends them in the middle of their requests. */
  readonly kill: () => Promise<void>;
}

const program = fileURLToPath(new URL('client-process.ts', import.meta.url));

/** @param within the command that runs another one elsewhere, with the same process id */
export function startClients(plan: ClientPlan, within: readonly string[] = []): Clients {
  const words = [...within, process.execPath, '--import', 'tsx', program, JSON.stringify(plan)];
  const child = spawn(words[0] ?? '', words.slice(1), {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close');
  return {
    pid: child.pid ?? 0,
    names: plan.names,
    stop: async () => {
      child.stdin.end();
      const ended = await Promise.race([closed, sleep(30_000, undefined, {ref: false})]);
      if (ended === undefined) {
        child.kill('SIGKILL');
        throw new Error('the clients do not end');
      }
      if (stdout === '') throw new Error(`the clients ended without a report: ${String(ended)}`);
      return JSON.parse(stdout) as ClientReport;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
}
