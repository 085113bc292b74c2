import {appendFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Random} from '../../test/helpers/random.js';
import {rangeOf} from '../../test/helpers/network/http.js';
import {now, type ClientLine} from '../history/line.js';
import {writeClient, type HistoryWriter} from '../history/write.js';
import type {CommandEnd} from '../torture/arena.js';
import {runCommand} from '../torture/command.js';
import type {TrialContext} from './context.js';
import {urlOf, type Fleet} from './fleet.js';
import type {Ledger} from './ledger.js';

interface OperatorOptions {
  readonly folder: string;
  readonly histories: string;
  readonly fleet: Fleet;
  readonly machines: number;
  readonly random: Random;
  readonly ledger: Ledger;
}

/** Count of integers issued before a far reset: more than all clients together use up afterwards. */
const FAR = 10_000_000;

/** A person who uses the command line. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #history: HistoryWriter<ClientLine>;
  #sequence = 0;

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#history = writeClient(options.histories, 'commands');
  }

  close(): void {
    this.#history.close();
  }

  /** Allocates by the command line. */
  async getid(): Promise<void> {
    const {random, ledger} = this.#options;
    const mode = random.pick(ledger.modes());
    const range = BigInt(random.between(1, 100));
    const begun = now();
    const {status, stdout, stderr} = await this.#run('getid', '-m', mode, '-r', String(range));
    const sequence = ++this.#sequence;
    const asked = {sequence, connection: sequence, mode, range, begun, ended: now()};
    // 4 is an unavailable database: the restore may be going on.
    if (status === 0) {
      const {start, end} = rangeOf({status: 200, headers: {}, body: stdout.trim()});
      this.#history.append({...asked, start, end});
      ledger.record(mode, {is: 'answered', start, end});
    } else {
      this.#history.append({...asked, lost: stderr.slice(0, 300)});
      if (status !== 4) ledger.wrong.push(`getid ended with ${status}: ${stderr}`);
    }
  }

  /**
   * Resets a counter backwards on purpose, with servers running, stopped or restarted. All of them must obey:
   * the next integers are the ones after the reset.
   */
  async reset({random, fleet, prober, clients, ledger, append, tell, wrong}: TrialContext): Promise<void> {
    const mode = random.pick(ledger.modes());
    await clients.pause(mode);
    try {
      const isFar = random.percent(60);
      const count = BigInt(isFar ? FAR : random.between(1, 100));
      const first = urlOf(random.pick(fleet.servers));
      const last = await prober.untilAnswered(first, mode, count);
      if (last === undefined) {
        wrong(`${mode}: no answer before a reset`);
        return;
      }
      const from = last.end + 1n;
      const to = random.percent(10) ? 0n : last.start + BigInt(random.between(0, Number(count) / 4));
      const others = fleet.servers.filter(() => random.percent(50));
      const treatment = random.pick(['stopped before, started after', 'restarted after', 'running'] as const);
      tell(
        `reset of ${mode} from ${from} to ${to}; ${treatment}: ${others.map(({name}) => name).join(', ')}`,
      );
      if (treatment === 'stopped before, started after')
        await Promise.all(others.map((server) => server.end()));
      const begun = now();
      const args = ['-m', mode, '--to', String(to), '--yes', '--allow-duplicates'];
      const {status, stderr} = await this.#run('reset', ...args);
      if (status !== 0) {
        wrong(`reset ended with ${status}: ${stderr}`);
        return;
      }
      append({event: 'reset', mode, from, to, begun, ended: now()});
      // After a short reset, clients pass the old counter by themselves.
      ledger.movedBack(mode, to, isFar ? from : 1n << 63n);
      if (treatment === 'restarted after')
        await Promise.all(others.map((server) => (random.percent(50) ? server.kill() : server.end())));
      if (treatment !== 'running') await Promise.all(others.map((server) => server.start()));
      let expected = to;
      // A server may still work for a request whose client has given up.
      let givenUp = 0n;
      for (const server of random.shuffled(fleet.servers)) {
        const answer = await prober.untilAnswered(urlOf(server), mode, 1n);
        const {start = -1n, end = expected, lost = 0n} = answer ?? {};
        givenUp += lost;
        if (start < expected || start > expected + givenUp)
          wrong(`${server.name} issued ${answer?.start ?? 'nothing'} of ${mode} after a reset to ${to}`);
        expected = end + 1n;
      }
    } finally {
      clients.resume(mode);
    }
  }

  async #run(...args: readonly string[]): Promise<CommandEnd> {
    const {folder, fleet, machines, random} = this.#options;
    const end = await runCommand(args, folder, fleet.envOf(random.between(0, machines - 1)));
    const text = `${now()} ${args.join(' ')}: ${end.status}\n${end.stdout}${end.stderr}`;
    appendFileSync(join(folder, 'commands.log'), text);
    return end;
  }
}
