import type {RequestFacts} from './request-facts.js';

/** A destination of complete lines. */
export interface LineSink {
  write(line: string): unknown;
}

/**
 * Writes one line per request in Combined Log Format, as CherryPy does
 * (https://httpd.apache.org/docs/2.4/logs.html#combined).
 */
export class AccessLog {
  readonly #sink: LineSink;
  readonly #flushLength: number;
  #lines = '';
  #second = 0;
  #time = '';

  /** @param flushLength characters after which gathered lines are written; `flush` writes them earlier */
  constructor(sink: LineSink, flushLength: number) {
    this.#sink = sink;
    this.#flushLength = flushLength;
  }

  record(request: RequestFacts, status: number, bytes: number): void {
    const {headers, method, url, httpVersion, socket} = request;
    const requestLine = escape(`${method} ${url} HTTP/${httpVersion}`);
    this.#lines +=
      `${socket.remoteAddress ?? '-'} - - [${this.#now()}] "${requestLine}" ` +
      `${status} ${bytes} "${escape(headers.referer ?? '')}" "${escape(headers['user-agent'] ?? '')}"\n`;
    if (this.#lines.length >= this.#flushLength) this.flush();
  }

  /** Writes the gathered lines. */
  flush(): void {
    if (this.#lines === '') return;
    this.#sink.write(this.#lines);
    this.#lines = '';
  }

  #now(): string {
    const now = Date.now();
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#time = formatTime(new Date(now));
    }
    return this.#time;
  }
}

const special = /["\\\x00-\x1f\x7f-\xff]/;

/** Escapes text of a client, so that it can neither end the quotes nor begin a line. */
function escape(text: string): string {
  if (!special.test(text)) return text;
  return text.replaceAll(new RegExp(special, 'g'), (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    return String.raw`\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Returns local time, such as `23/Nov/2026:22:48:01 +0000`. */
function formatTime(date: Date): string {
  const padded = (value: number): string => String(value).padStart(2, '0');
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const zone = `${offset < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60))}${padded(minutes % 60)}`;
  const day = `${padded(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`;
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(padded).join(':');
  return `${day}:${time} ${zone}`;
}
