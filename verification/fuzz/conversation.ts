import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {setImmediate as afterInput} from 'node:timers/promises';
import type {Input} from './mutations.js';

/** Once one server has given an answer, the other one owes it, and gets so long, in milliseconds. */
const OWED_MS = 30_000;
/** One that has heard the end of a connection has to end it too. */
const END_WITHIN_MS = 30_000;

/** How long a server that says nothing is waited for, by how long servers take on this machine at this moment. */
export class Pace {
  #usualMs = 10;

  record(answerMs: number): void {
    this.#usualMs += (answerMs - this.#usualMs) / 50;
  }

  /** A server that says nothing for so long, in milliseconds, waits for more. */
  get quietMs(): number {
    return Math.min(2000, 50 + 5 * this.#usualMs);
  }
}

/** What came of the same inputs on a connection to one server. */
export interface Conversation {
  /** All it said, one character a byte. */
  readonly text: string;
  /** Whether the request that closes every conversation was answered: both sides then agree on where each began. */
  readonly isInStep: boolean;
  /** Whether it was ended because neither server had more to say: what came then may have been lost on the way. */
  readonly isGivenUp: boolean;
  /** How many inputs were sent before the server ended it. */
  readonly inputs: number;
}

/** Says the same to two servers at once, and ends both conversations when neither has more to say. */
export class Pair {
  readonly #inputs: readonly Input[];
  readonly #closing: string;
  readonly #mark: RegExp;
  readonly #pace: Pace;
  #silent = 0;
  #over = 0;

  /** @param mark a word that comes nowhere else, for the request that closes the conversation */
  constructor(inputs: readonly Input[], mark: string, pace: Pace) {
    this.#inputs = inputs;
    this.#closing = `GET /${mark} HTTP/1.1\r\nHost: a\r\n\r\n`;
    this.#mark = new RegExp(`"/${mark}\\b`);
    this.#pace = pace;
  }

  /** @throws Error where a server does not end a connection that its client has ended */
  converse(ports: readonly [number, number]): Promise<[Conversation, Conversation]> {
    return Promise.all([this.#converse(ports[0]), this.#converse(ports[1])]);
  }

  /** Says everything on one connection, input after input, each when the one before is answered or nothing comes. */
  async #converse(port: number): Promise<Conversation> {
    const line = new Line(port);
    await line.connected;
    let inputs = 0;
    for (const {packets} of this.#inputs) {
      inputs++;
      const before = line.length;
      const sent = performance.now();
      for (const [index, packet] of packets.entries()) {
        if (index > 0) await afterInput();
        line.send(packet);
      }
      await line.until(() => line.length > before, this.#pace.quietMs);
      if (line.isOver) break;
      if (line.length > before) this.#pace.record(performance.now() - sent);
    }
    line.send(this.#closing);
    const isGivenUp = await this.#listen(line);
    await line.end();
    return {text: line.text, isInStep: this.#mark.test(line.text), isGivenUp, inputs};
  }

  /**
   * Waits for the answer to the request that closes the conversation, or for the server to end it.
   *
   * @returns whether it was given up because neither server had more to say
   */
  async #listen(line: Line): Promise<boolean> {
    const isAnswered = (): boolean => this.#mark.test(line.text);
    const isSettled = (): boolean => line.isOver || isAnswered();
    await line.until(isSettled, this.#pace.quietMs);
    if (!isSettled()) {
      // Neither gives up before the other: a slow answer is not a missing one.
      this.#silent++;
      const deadline = performance.now() + OWED_MS;
      while (!isSettled() && performance.now() < deadline) {
        if (this.#silent + this.#over >= 2) return true;
        await line.until(isSettled, 20);
      }
      this.#silent--;
    }
    if (!isAnswered()) this.#over++;
    return false;
  }
}

/** A connection, and all that came on it. */
class Line {
  readonly #socket: Socket;
  readonly connected: Promise<unknown>;
  readonly #chunks: string[] = [];
  #wake: (() => void) | undefined;
  length = 0;
  isOver = false;

  constructor(port: number) {
    this.#socket = connect({port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true});
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (chunk) => {
      this.#chunks.push(String(chunk));
      this.length += chunk.length;
      this.#wake?.();
    });
    const over = (): void => {
      this.isOver = true;
      this.#wake?.();
    };
    this.#socket.on('end', over).on('error', over).on('close', over);
    this.connected = once(this.#socket, 'connect');
  }

  get text(): string {
    return this.#chunks.join('');
  }

  send(text: string): void {
    if (this.#socket.writable) this.#socket.write(text, 'latin1');
  }

  /** Waits until `isReached`, or the connection is over, or nothing has come for so long. */
  async until(isReached: () => boolean, quietMs: number): Promise<void> {
    while (!isReached() && !this.isOver) {
      const before = this.length;
      await this.#waitForEvent(quietMs);
      if (this.length === before) return;
    }
  }

  async end(): Promise<void> {
    this.#socket.end();
    const deadline = performance.now() + END_WITHIN_MS;
    while (!this.isOver) {
      if (performance.now() > deadline)
        throw new Error('the server does not end a connection that its client ended');
      await this.#waitForEvent(END_WITHIN_MS);
    }
    this.#socket.destroy();
  }

  /** Waits until something happens on the connection, but no longer than so many milliseconds. */
  async #waitForEvent(limitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
