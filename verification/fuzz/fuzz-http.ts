import {createRequire} from 'node:module';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {parseDatabaseUrl} from '../../src/lib/config/database-url.js';
import {openStore} from '../../src/lib/store/open.js';
import {migrate} from '../../src/lib/store/schema/migrate.js';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {ask} from '../../test/helpers/network/http.js';
import {flawOf, readAnswers, type WireAnswer} from './answers.js';
import {disagreement, rangeOf} from './compare.js';
import {Pace, Pair, type Conversation} from './conversation.js';
import {Ledger} from './ledger.js';
import {counters} from './modes.js';
import {makeInputs, type Input} from './mutations.js';
import {seeded} from '../../test/helpers/random.js';
import {HOSTS, MAX_RANGE} from './requests.js';
import {startServerProcess, type ServerProcess} from './server-process.js';

export interface FuzzOptions {
  /** Count of inputs; each is one request or more, mutated or not. */
  readonly requests: number;
  readonly seed: number;
  /** Concurrent connections to each of the two servers. */
  readonly lanes: number;
  /** Run only this connection, to look at a flaw again. */
  readonly only?: number | undefined;
  /** Called at each tenth with the count of inputs done. */
  readonly progress?: (done: number) => void;
}

/** The result of a run; nothing is wrong if `flaws` is empty. */
export interface FuzzReport {
  readonly inputs: number;
  readonly connections: number;
  /** Connections on which both servers answered alike up to the last request. */
  readonly inStep: number;
  readonly answers: ReadonlyMap<number, number>;
  /** Ranges issued by the plain server, and integers in answers that its clients did not receive. */
  readonly ranges: number;
  readonly unheard: number;
  /** Well-formed requests on other connections, all of them answered. */
  readonly controls: number;
  /** Memory of the plain server in bytes: after the second tenth, and at the end. */
  readonly memory: {readonly early: number; readonly end: number};
  readonly seconds: number;
  /** Each with the bytes that show it. */
  readonly flaws: readonly string[];
}

/** More flaws show nothing new. */
const MAX_FLAWS = 10;
/** The mode of the requests that must always be answered; no other request names it. */
const CONTROL_MODE = 'control';
const CONTROL_EVERY_MS = 20;
const CONTROL_WITHIN_MS = 10_000;

const program = fileURLToPath(new URL('../../bin/run.js', import.meta.url));
/** The folder of the server's process has no packages. */
const tsx = createRequire(import.meta.url).resolve('tsx');
const bare = fileURLToPath(new URL('../../test/helpers/programs/bare-server.ts', import.meta.url));

/** Sends the same bytes to the service and to one on `node:http` alone, and compares all answers. */
export async function fuzzHttp(options: FuzzOptions): Promise<FuzzReport> {
  const guarded = makeGuardedFolder('fuzz');
  const folder = guarded.path;
  const sides: Side[] = [];
  try {
    for (const name of ['plain', 'bare'] as const) sides.push(await openSide(name, folder));
    const [plain, other] = sides as [Side, Side];
    const run = new Run(options, plain, other);
    return await run.report();
  } finally {
    for (const {server} of sides) await server.stop();
    await guarded.remove();
  }
}

/** One of the two servers, and the ranges that it issued. */
interface Side {
  readonly server: ServerProcess;
  readonly ledger: Ledger;
  readonly database: string;
}

async function openSide(name: 'plain' | 'bare', folder: string): Promise<Side> {
  const database = `sqlite:///${join(folder, `${name}.sqlite3`)}`;
  const store = await openStore(parseDatabaseUrl(database), {create: true});
  await migrate(store);
  const floors = counters.map(({mode, begin}) => ({mode, next: BigInt(begin)}));
  await store.raiseCounters([...floors, {mode: CONTROL_MODE, next: 0n}], false);
  await store.close();
  const args = name === 'plain' ? [program, 'serve', '--port', '0'] : ['--import', tsx, bare];
  const server = await startServerProcess(args, folder, {
    PEEWEE_URL: database,
    UNIQUEID_MAX_RANGE: String(MAX_RANGE),
    UNIQUEID_CREATE_MODES: 'no',
    UNIQUEID_ALLOWED_HOSTS: HOSTS,
    UNIQUEID_RESPONSE_HEADERS_ON: 'yes',
    // Every byte that a value may have.
    UNIQUEID_RESPONSE_HEADERS: String.raw`[('X-Site', 'caf\xe9 \x80\xff\t~'), ('X-Empty', '')]`,
  });
  return {server, ledger: new Ledger(), database};
}

class Run {
  readonly #options: FuzzOptions;
  readonly #plain: Side;
  readonly #bare: Side;
  readonly #flaws: string[] = [];
  readonly #answers = new Map<number, number>();
  readonly #pace = new Pace();
  #begun = 0;
  #done = 0;
  #connections = 0;
  #inStep = 0;
  #ranges = 0;
  #controls = 0;
  #early = 0;

  constructor(options: FuzzOptions, plain: Side, other: Side) {
    this.#options = options;
    this.#plain = plain;
    this.#bare = other;
  }

  async report(): Promise<FuzzReport> {
    const started = performance.now();
    const control = this.#control();
    const lanes = Array.from({length: this.#options.lanes}, () => this.#lane());
    await Promise.all(lanes);
    await control;
    const end = this.#plain.server.memory();
    const unheard = await this.#compareCounters();
    return {
      inputs: this.#done,
      connections: this.#connections,
      inStep: this.#inStep,
      answers: this.#answers,
      ranges: this.#ranges,
      unheard,
      controls: this.#controls,
      memory: {early: this.#early, end},
      seconds: (performance.now() - started) / 1000,
      flaws: this.#flaws,
    };
  }

  get #isOver(): boolean {
    return this.#begun >= this.#options.requests || this.#flaws.length >= MAX_FLAWS;
  }

  async #lane(): Promise<void> {
    while (!this.#isOver) {
      // Each connection has its own random choices, so that one can be repeated alone.
      const connection = this.#options.only ?? this.#connections;
      this.#connections++;
      const random = seeded(this.#options.seed * 1_000_003 + connection);
      const inputs = makeInputs(random, this.#options.requests - this.#begun);
      this.#begun += inputs.length;
      let sent = 0;
      try {
        sent = await this.#compare(inputs, `connection-${connection}`);
      } catch (error) {
        this.#flaw(`connection ${connection}: ${String(error)}`, inputs);
      }
      if (this.#options.only !== undefined) return;
      this.#begun -= inputs.length - sent;
      this.#count(sent);
    }
  }

  #count(inputs: number): void {
    const {requests, progress} = this.#options;
    const tenth = (): number => Math.floor((this.#done / requests) * 10);
    const before = tenth();
    this.#done += inputs;
    if (tenth() === before) return;
    if (before === 1) this.#early = this.#plain.server.memory();
    progress?.(this.#done);
  }

  /** @returns the count of inputs that were sent before a server ended the connection */
  async #compare(inputs: readonly Input[], mark: string): Promise<number> {
    const servers = [this.#plain.server, this.#bare.server] as const;
    const pair = new Pair(inputs, mark, this.#pace);
    const [plain, other] = await pair.converse([servers[0].port, servers[1].port]);
    for (const server of servers) server.assertRunning();
    const [one, two] = [this.#read(plain, this.#plain, inputs), this.#read(other, this.#bare, inputs)];
    for (const {status, body} of one) {
      this.#answers.set(status, (this.#answers.get(status) ?? 0) + 1);
      if (rangeOf(body) !== undefined) this.#ranges++;
    }
    if (plain.isInStep && other.isInStep) this.#inStep++;
    const different = disagreement({conversation: plain, answers: one}, {conversation: other, answers: two});
    if (different !== undefined)
      this.#flaw(`${mark}: ${different}\n  plain: ${tail(plain.text)}\n  bare: ${tail(other.text)}`, inputs);
    return Math.min(plain.inputs, other.inputs);
  }

  #read({text, isInStep}: Conversation, {ledger}: Side, inputs: readonly Input[]): readonly WireAnswer[] {
    // An end because of malformed bytes may cut an answer on its way, as it may lose one.
    const answers = readAnswers(text, !isInStep);
    for (const answer of answers) {
      const range = answer.status === 200 ? rangeOf(answer.body) : undefined;
      const flaw =
        flawOf(answer) ??
        (range === undefined || range.start < 0 ? undefined : ledger.record(range.start, range.end));
      if (flaw !== undefined) this.#flaw(flaw, inputs);
    }
    return answers;
  }

  #flaw(what: string, inputs: readonly Input[]): void {
    if (this.#flaws.length < MAX_FLAWS) this.#flaws.push(`${what}\n  inputs: ${shown(inputs)}`);
  }

  /** Sends well-formed requests on their own connections; they must be answered whatever the others send. */
  async #control(): Promise<void> {
    while (!this.#isOver) {
      const answer = await Promise.race([
        ask(this.#plain.server.url, `/getid?range=1&mode=${CONTROL_MODE}`),
        sleep(CONTROL_WITHIN_MS, undefined, {ref: false}),
      ]).catch(() => undefined);
      const expected = `{"endIndex": ${this.#controls}, "startIndex": ${this.#controls}}`;
      if (answer?.body !== expected) {
        this.#flaw(
          `a well-formed request was answered with ${answer?.body ?? 'nothing'}, not ${expected}`,
          [],
        );
        return;
      }
      this.#controls++;
      await sleep(CONTROL_EVERY_MS);
    }
  }

  /** @returns the count of integers in answers of the plain server that no client received */
  async #compareCounters(): Promise<number> {
    const [plain, other] = [await readCounters(this.#plain), await readCounters(this.#bare)];
    const closed = [this.#plain.ledger.close(plain), this.#bare.ledger.close(other)];
    for (const {flaws} of closed) for (const flaw of flaws) this.#flaw(flaw, []);
    const unheard = closed[0]?.unheard ?? 0;
    if (unheard > 0 && this.#inStep === this.#connections)
      this.#flaw(`${unheard} integers are missing although every answer was received`, []);
    return unheard;
  }
}

function tail(text: string): string {
  return JSON.stringify(text.slice(-600));
}

/** Formats inputs as JSON, with long repetitions shortened. */
function shown(inputs: readonly Input[]): string {
  return JSON.stringify(inputs.map(({packets}) => packets)).replaceAll(
    /(.)\1{99,}|(X: y\\r\\n){9,}/g,
    (run) => `${run.slice(0, 12)}<${run.length} characters>`,
  );
}

async function readCounters({database}: Side): Promise<ReadonlyMap<string, number>> {
  const store = await openStore(parseDatabaseUrl(database), {readOnly: true});
  try {
    return new Map((await store.counters()).map(({mode, next}) => [mode, Number(next)]));
  } finally {
    await store.close();
  }
}
