import {once} from 'node:events';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';

/** The direction of bytes: `up` to the target, `down` to the client. */
export type Direction = 'up' | 'down';

/**
 * The treatment of the bytes of one read. `cut` cuts the connection in their place; `pass and cut` passes
 * them up, and cuts the connection before an answer passes.
 */
export type Verdict = 'pass' | 'cut' | 'pass and cut';

export type Inspector = (direction: Direction, bytes: Buffer) => Verdict;

export interface ProxyOptions {
  /** Sent to a client if the target cannot be reached; without it the connection is cut. */
  readonly unreachable?: string;
}

/** A TCP proxy on its own port, with everything that networks do to connections. */
export interface Proxy {
  readonly port: number;
  /** Cuts every connection in both directions. Returns their count. */
  readonly cut: () => number;
  /** Delays everything by this many milliseconds, in order; 0 for no delay. */
  readonly delay: (ms: number) => void;
  /** While held, nothing passes, not even the end of a connection: connections are half-open. */
  readonly hold: (isHeld: boolean) => void;
  /** Inspects all bytes from now on; `undefined` ends that. */
  readonly inspect: (inspector: Inspector | undefined) => void;
  readonly close: () => Promise<void>;
}

/** Delayed bytes, and the time from which they may pass, on the clock of `performance.now()`. */
interface Passing {
  readonly bytes: Buffer;
  readonly due: number;
}

export async function startProxy(target: number, {unreachable}: ProxyOptions = {}): Promise<Proxy> {
  const links = new Set<Link>();
  const state: LinkState = {delayMs: 0, isHeld: false, inspector: undefined};
  const server = createServer((down) => {
    const up = connect(target, '127.0.0.1');
    const link = new Link(down, up, state, unreachable, () => links.delete(link));
    links.add(link);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (): number => {
    const all = [...links];
    for (const link of all) link.cut();
    return all.length;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    delay: (ms) => {
      state.delayMs = ms;
    },
    hold: (isHeld) => {
      state.isHeld = isHeld;
      for (const link of links) link.pump();
    },
    inspect: (inspector) => {
      state.inspector = inspector;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

/** The present settings for all connections of a proxy. */
interface LinkState {
  delayMs: number;
  isHeld: boolean;
  inspector: Inspector | undefined;
}

/** One connection through the proxy. */
class Link {
  readonly #down: Socket;
  readonly #up: Socket;
  readonly #state: LinkState;
  readonly #waiting: Readonly<Record<Direction, Passing[]>> = {up: [], down: []};
  readonly #onEnd: () => void;
  #hasConnected = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    down: Socket,
    up: Socket,
    state: LinkState,
    unreachable: string | undefined,
    onEnd: () => void,
  ) {
    this.#down = down;
    this.#up = up;
    this.#state = state;
    this.#onEnd = onEnd;
    down.setNoDelay(true);
    up.setNoDelay(true);
    up.on('connect', () => (this.#hasConnected = true));
    down.on('data', (bytes: Buffer) => {
      this.#arrived('up', bytes);
    });
    up.on('data', (bytes: Buffer) => {
      this.#arrived('down', bytes);
    });
    // The end of one side ends the other, unless the connections are held.
    down
      .on('error', () => undefined)
      .on('close', () => {
        this.#closed();
      });
    up.on('error', () => undefined).on('close', () => {
      if (!this.#hasConnected && unreachable !== undefined) down.end(unreachable);
      this.#closed();
    });
  }

  /** Resets both sides, as a router that forgets the connection. */
  cut(): void {
    clearTimeout(this.#timer);
    this.#waiting.up.length = this.#waiting.down.length = 0;
    for (const side of [this.#down, this.#up]) if (!side.destroyed) side.resetAndDestroy();
    this.#onEnd();
  }

  /** Passes on all bytes that are due. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#state.isHeld) return;
    const now = performance.now();
    for (const direction of ['up', 'down'] as const) {
      const waiting = this.#waiting[direction];
      for (let first = waiting[0]; first !== undefined && first.due <= now; first = waiting[0]) {
        waiting.shift();
        this.#pass(direction, first.bytes);
      }
    }
    const next = Math.min(...Object.values(this.#waiting).map(([first]) => first?.due ?? Infinity));
    if (next !== Infinity) {
      this.#timer = setTimeout(
        () => {
          this.pump();
        },
        Math.max(1, next - now),
      );
    }
    if (this.#isOver()) this.#closed();
  }

  #arrived(direction: Direction, bytes: Buffer): void {
    const verdict = this.#state.inspector?.(direction, bytes) ?? 'pass';
    if (verdict === 'cut') {
      this.cut();
      return;
    }
    if (verdict === 'pass and cut') {
      // Ended, not reset: a reset would discard bytes that are not read yet.
      this.#up.end(bytes);
      this.#down.resetAndDestroy();
      return;
    }
    const waiting = this.#waiting[direction];
    if (waiting.length === 0 && !this.#state.isHeld && this.#state.delayMs === 0)
      this.#pass(direction, bytes);
    else {
      waiting.push({bytes, due: performance.now() + this.#state.delayMs});
      this.pump();
    }
  }

  #pass(direction: Direction, bytes: Buffer): void {
    const [from, to] = direction === 'up' ? [this.#down, this.#up] : [this.#up, this.#down];
    if (to.destroyed || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }

  #isOver(): boolean {
    return this.#down.destroyed || this.#up.destroyed;
  }

  #closed(): void {
    // Bytes sent before the end still arrive; while connections are held, the end does not pass either.
    const isWaiting = this.#state.isHeld || this.#waiting.up.length + this.#waiting.down.length > 0;
    if (isWaiting && !(this.#down.destroyed && this.#up.destroyed)) return;
    clearTimeout(this.#timer);
    // A side that was paused for the other one would never notice its end.
    for (const side of [this.#down, this.#up]) if (!side.destroyed) side.resume().end();
    this.#onEnd();
  }
}
