import {UniqueIDError} from '../core/errors.js';
import type {IdRange} from '../core/range.js';

/** Bounds for integers that are reserved ahead. */
export interface BlockOptions {
  /** The smallest and largest block to reserve. */
  readonly minBlock: number;
  readonly maxBlock: number;
  /** The most callers that may wait while no integer is left. */
  readonly maxWaiting: number;
}

/**
 * Reserves `count` integers, or returns `undefined` if the service grants only fewer. The promise may take as
 * long as the service is unavailable, up to its own time limit.
 */
export type Reserve = (count: bigint) => Promise<IdRange | undefined>;

/** A block used up in less time was too small, one that lasts longer too large. */
const SHORT_LIFETIME_MS = 1000;
const LONG_LIFETIME_MS = 20_000;

/** Time before a size that was rejected is tried again. */
const CAP_TTL_MS = 10_000;

interface Waiter {
  readonly resolve: (id: bigint) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Returns the integers of one mode one at a time, from blocks reserved ahead. While one block is in use the
 * next is fetched; its size follows the rate. Integers left in the blocks at the end of the process are a
 * gap.
 */
export class BlockSource {
  readonly #reserve: Reserve;
  readonly #options: BlockOptions;
  #next = 0n;
  #end = -1n;
  /** The integer at which the next block is fetched: the middle of this one. */
  #refillAt = -1n;
  #spare: IdRange | undefined;
  #size: number;
  /** The largest size since one was rejected, and the time of that rejection. */
  #cap = Infinity;
  #cappedAt = -Infinity;
  #startedAt = performance.now();
  #refilling = false;
  #waiting: Waiter[] = [];

  constructor(reserve: Reserve, options: BlockOptions) {
    this.#reserve = reserve;
    this.#options = options;
    this.#size = options.minBlock;
  }

  /** Returns the next integer, or a promise of it if none is left. */
  next(): bigint | Promise<bigint> {
    const id = this.#next;
    if (id > this.#end) return this.#wait();
    this.#next = id + 1n;
    if (id === this.#refillAt) this.#refill();
    return id;
  }

  /** Rejects all waiting callers. */
  close(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const {reject} of waiting) reject(error);
  }

  #wait(): bigint | Promise<bigint> {
    if (this.#waiting.length === 0 && this.#useSpare()) return this.next();
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.reject(
        new UniqueIDError(
          'QUEUE_FULL',
          `More than ${this.#options.maxWaiting} calls are waiting for integers.`,
          {
            hint: 'Wait for some of them to finish before you start more.',
          },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({resolve, reject});
      this.#refill();
    });
  }

  #useSpare(): boolean {
    const block = this.#spare;
    if (block === undefined) return false;
    this.#spare = undefined;
    this.#next = block.start;
    this.#end = block.end;
    this.#refillAt = block.start + (block.end - block.start) / 2n;
    this.#adapt();
    return true;
  }

  /** Sets the size of the next blocks by how long the last one lasted. */
  #adapt(): void {
    const now = performance.now();
    const lifetimeMs = now - this.#startedAt;
    this.#startedAt = now;
    if (lifetimeMs < SHORT_LIFETIME_MS)
      this.#size = Math.min(this.#options.maxBlock, this.#cap, this.#size * 2);
    else if (lifetimeMs > LONG_LIFETIME_MS)
      this.#size = Math.max(this.#options.minBlock, Math.floor(this.#size / 2));
  }

  #refill(): void {
    if (this.#refilling || this.#spare !== undefined) return;
    this.#refilling = true;
    const count = this.#nextSize();
    this.#reserve(BigInt(count)).then(
      (block) => {
        this.#refilling = false;
        if (block === undefined) {
          this.#shrink(Math.floor(count / 2));
          this.#refill();
          return;
        }
        this.#spare = block;
        this.#serveWaiting();
      },
      (error: unknown) => {
        this.#refilling = false;
        // Rejects the waiting callers; the next caller starts another attempt.
        this.close(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  #nextSize(): number {
    if (performance.now() - this.#cappedAt > CAP_TTL_MS) this.#cap = Infinity;
    return Math.min(Math.max(this.#size, this.#waiting.length), this.#options.maxBlock, this.#cap);
  }

  #shrink(size: number): void {
    this.#cap = Math.max(1, size);
    this.#cappedAt = performance.now();
    this.#size = this.#cap;
  }

  #serveWaiting(): void {
    while (this.#waiting.length > 0) {
      if (this.#next > this.#end && !this.#useSpare()) {
        this.#refill();
        return;
      }
      const id = this.#next;
      this.#next = id + 1n;
      if (id === this.#refillAt) this.#refill();
      this.#waiting.shift()?.resolve(id);
    }
  }
}
