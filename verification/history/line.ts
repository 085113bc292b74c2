/** A time span in whole microseconds of the machine's monotonic clock, which all processes share. */
export interface Interval {
  readonly begun: number;
  readonly ended: number;
}

/** The fields of every line of a client's history: one request. */
interface Asked extends Interval {
  /** Number of the client's line, from 1, so that a missing line is noticed. */
  readonly sequence: number;
  /** Number of the client's connection, from 1. */
  readonly connection: number;
  readonly mode: string;
  /** Count of integers requested. */
  readonly range: bigint;
}

/** A request that was answered with a range, both ends included. */
export interface Answered extends Asked {
  readonly start: bigint;
  readonly end: bigint;
}

/**
 * A request that was not answered with a range, although one may have been taken for it. `lost` is the
 * reason: the connection broke, or the answer was 503.
 */
export interface Lost extends Asked {
  readonly lost: string;
}

export type ClientLine = Answered | Lost;

/** Settings of the servers; the first line of the events. */
export interface Began extends Interval {
  readonly event: 'began';
  /** The first integer of a new mode. */
  readonly firstIndex: bigint;
  /** Time after its client has given up in which a server may still take integers for a request. */
  readonly patienceMs: number;
}

/** A fault of a server, a database, a connection or a client. */
export interface Fault extends Interval {
  readonly event: 'fault';
  readonly fault: string;
  readonly target: string;
  /**
   * True if a commit can be lost although its requests are answered in the end. A server that gets no result
   * of a commit takes other integers. A killed server alone loses nothing but its clients' answers.
   */
  readonly mayLose: boolean;
  /** The client that was killed, whose last request is in no history. */
  readonly client?: string;
}

/**
 * A counter that was moved by `reset`.
 *
 * A move backwards under load must be so far that no answer of its time is near the middle of both values.
 */
export interface Reset extends Interval {
  readonly event: 'reset';
  readonly mode: string;
  /** The counter before the reset; under load it may have been higher when it was moved. */
  readonly from: bigint;
  readonly to: bigint;
}

/** The counters of the database after all clients ended. */
export interface Counters extends Interval {
  readonly event: 'counters';
  readonly counters: ReadonlyMap<string, bigint>;
}

export type EventLine = Began | Fault | Reset | Counters;

/** Returns the present time on the clock of the histories. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Formats one line of JSON. Integers of counters are decimal text, because numbers of JSON may round. */
export function formatLine(line: ClientLine | EventLine): string {
  const text = JSON.stringify(line, (_, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    return value instanceof Map ? (Object.fromEntries(value) as unknown) : value;
  });
  return `${text}\n`;
}

/** @throws Error if the text is not a line of a client */
export function parseClientLine(text: string): ClientLine {
  const fields = new Fields(text);
  const asked = {
    sequence: fields.number('sequence'),
    connection: fields.number('connection'),
    mode: fields.text('mode'),
    range: fields.integer('range'),
    ...fields.interval(),
  };
  return fields.has('lost')
    ? {...asked, lost: fields.text('lost')}
    : {...asked, start: fields.integer('start'), end: fields.integer('end')};
}

/** @throws Error if the text is not a line of the events */
export function parseEventLine(text: string): EventLine {
  const fields = new Fields(text);
  const interval = fields.interval();
  const event = fields.text('event');
  switch (event) {
    case 'began':
      return {
        event,
        firstIndex: fields.integer('firstIndex'),
        patienceMs: fields.number('patienceMs'),
        ...interval,
      };
    case 'fault':
      return {
        event,
        fault: fields.text('fault'),
        target: fields.text('target'),
        mayLose: fields.value('mayLose') === true,
        ...(fields.has('client') ? {client: fields.text('client')} : {}),
        ...interval,
      };
    case 'reset':
      return {
        event,
        mode: fields.text('mode'),
        from: fields.integer('from'),
        to: fields.integer('to'),
        ...interval,
      };
    case 'counters': {
      const counters = Object.entries(fields.value('counters') ?? {});
      return {event, counters: new Map(counters.map(([mode, next]) => [mode, toInteger(next)])), ...interval};
    }
    default:
      throw new Error(`unknown event ${JSON.stringify(event)}`);
  }
}

/** The members of one JSON object; each is checked when it is read. */
class Fields {
  readonly #members: Readonly<Record<string, unknown>>;

  constructor(text: string) {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) throw new Error('this is not a JSON object');
    this.#members = parsed as Record<string, unknown>;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  value(name: string): unknown {
    return this.#members[name];
  }

  text(name: string): string {
    const value = this.#members[name];
    if (typeof value !== 'string') throw new Error(`${name} is not a text`);
    return value;
  }

  number(name: string): number {
    const value = this.#members[name];
    if (!Number.isSafeInteger(value)) throw new Error(`${name} is not a whole number`);
    return value as number;
  }

  integer(name: string): bigint {
    return toInteger(this.#members[name]);
  }

  interval(): Interval {
    const [begun, ended] = [this.number('begun'), this.number('ended')];
    if (ended < begun) throw new Error('it ended before it began');
    return {begun, ended};
  }
}

function toInteger(value: unknown): bigint {
  if (typeof value !== 'string' || !/^-?\d{1,19}$/.test(value))
    throw new Error(`${JSON.stringify(value)} is not an integer in decimal text`);
  return BigInt(value);
}
