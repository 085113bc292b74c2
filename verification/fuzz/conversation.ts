import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {setImmediate as afterInput} from 'node:timers/promises';
import type {Input} from './mutations.js';

/** Time in which a server must answer once the other one has. */
const OWED_MS = 30_000;
/** Time in which a server must end a connection that its client has ended. */
const END_WITHIN_MS = 30_000;

/** Bounds the wait for a silent server, based on the current speed of servers on this machine. */
export class Pace {
  #usualMs = 10;

  record(answerMs: number): void {
    this.#usualMs += (answerMs - this.#usualMs) / 50;
  }

  /** A server that is silent for this time waits for more bytes. */
  get quietMs(): number {
    return Math.min(2000, 50 + 5 * this.#usualMs);
  }
}

/** The outcome of the same inputs on a connection to one server. */
export interface Conversation {
  /** Everything that the server sent, one character per byte. */
  readonly text: string;
  /** True if the closing request was answered: both sides then agree where each request began. */
  readonly isInStep: boolean;
  /** True if both servers were silent, so the conversation was ended; later bytes may have been lost. */
  readonly isGivenUp: boolean;
  /** Count of inputs that were sent before the server ended the connection. */
  readonly inputs: number;
}

/** Sends the same bytes to two servers, and ends both conversations when both servers are silent. */
export class Pair {
  readonly #inputs: readonly Input[];
  readonly #closing: string;
  readonly #mark: RegExp;
  readonly #pace: Pace;
  #silent = 0;
  #over = 0;

  /** @param mark a word that occurs nowhere else, for the request that closes the conversation */
  constructor(inputs: readonly Input[], mark: string, pace: Pace) {
    this.#inputs = inputs;
    this.#closing = `GET /${mark} HTTP/1.1\r\nHost: a\r\n\r\n`;
    this.#mark = new RegExp(`"/${mark}\\b`);
    this.#pace = pace;
  }

  /** @throws Error if a server does not end a connection that its client has ended */
  converse(ports: readonly [number, number]): Promise<[Conversation, Conversation]> {
    return Promise.all([this.#converse(ports[0]), this.#converse(ports[1])]);
  }

  /** Sends all inputs on one connection, each after the answer to the one before, or after silence. */
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
   * @returns true if it gave up because both servers were silent
   */
  async #listen(line: Line): Promise<boolean> {
    const isAnswered = (): boolean => this.#mark.test(line.text);
    const isSettled = (): boolean => line.isOver || isAnswered();
    await line.until(isSettled, this.#pace.quietMs);
    if (!isSettled()) {
      // Neither gives up before the other, because a slow answer is not a missing one.
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

/** A connection, and all that it received. */
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

  /** Waits until `isReached`, until the connection is over, or until nothing arrived for `quietMs`. */
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

  /** Waits for the next event on the connection, at most `limitMs`. */
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
