import {headerLines, jsonHead, statusLine, type ResponseWriter} from '../http/response-writer.js';

/** Formats the same heads as `node:http`, for connections that `node:http` does not serve. */
export class FastPathResponse {
  readonly #fields: string;
  readonly #keepAlive: string;
  #second = 0;
  /** The head of a granted request, without what depends on the request; it changes once per second. */
  #granted = '';

  /**
   * @param writer provides the headers of every answer
   * @param idleTimeoutMs how long the connection stays open, as announced in `Keep-Alive`
   */
  constructor(writer: ResponseWriter, idleTimeoutMs: number) {
    this.#fields = headerLines([...jsonHead, ...writer.extraHeaders]);
    this.#keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(idleTimeoutMs / 1000)}\r\n`;
  }

  /** Returns a complete answer of status 200; `body` is ASCII. */
  granted(body: string, isLast: boolean): string {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#granted = this.#head(200, []);
    }
    return `${this.#granted}${this.#rest(body, isLast)}`;
  }

  /** Returns any complete answer; `body` has one character per byte. */
  format(status: number, body: string, isLast: boolean, extra: readonly string[] = []): string {
    return `${this.#head(status, extra)}${this.#rest(body, isLast)}`;
  }

  #rest(body: string, isLast: boolean): string {
    const connection = isLast ? 'Connection: close\r\n' : this.#keepAlive;
    return `${connection}Content-Length: ${body.length}\r\n\r\n${body}`;
  }

  #head(status: number, extra: readonly string[]): string {
    const date = new Date().toUTCString();
    const lines = `${this.#fields}${headerLines(extra)}Date: ${date}\r\n`;
    return `${statusLine(status)}${lines}`;
  }
}
