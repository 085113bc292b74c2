import {Agent, request} from 'node:http';
import type {Socket} from 'node:net';
import {now, type ClientLine} from '../history/line.js';
import {writeClient, type HistoryWriter} from '../history/write.js';
import {rangeOf, type Answer} from '../../test/helpers/network/http.js';

/** The outcome of a request. */
export type Outcome =
  /** A range, which is now in the history. */
  | {readonly is: 'answered'; readonly start: bigint; readonly end: bigint}
  /** No range, although one may have been taken; this is in the history too. */
  | {readonly is: 'lost'; readonly why: string}
  /** It never reached a server. */
  | {readonly is: 'unreachable'}
  /** An answer that must not occur. */
  | {readonly is: 'wrong'; readonly answer: string};

/** Time after which a client gives up: longer than a server lets a request wait. */
const PATIENCE_MS = 6000;

/** One client: sends one request at a time, and records its outcome before the next one. */
export class Asker {
  readonly #history: HistoryWriter<ClientLine>;
  readonly #agent = new Agent({keepAlive: true, maxSockets: 1});
  readonly #connections = new WeakMap<Socket, number>();
  #connection = 0;
  #sequence = 0;

  constructor(folder: string, name: string) {
    this.#history = writeClient(folder, name);
  }

  /** @param base the URL of a server, such as `http://127.0.0.1:8051` */
  async ask(base: string, mode: string, range: bigint): Promise<Outcome> {
    const begun = now();
    const sent = await this.#send(`${base}/getid?range=${range}&mode=${encodeURIComponent(mode)}`);
    const asked = {connection: sent.connection, mode, range, begun, ended: now()};
    if ('error' in sent || sent.status === 503) {
      const why = 'error' in sent ? sent.error : `503 ${sent.body}`;
      this.#history.append({sequence: ++this.#sequence, ...asked, lost: why.slice(0, 300)});
      return {is: 'lost', why};
    }
    if (sent.status === 502) return {is: 'unreachable'};
    if (sent.status !== 200) return {is: 'wrong', answer: `${sent.status} ${sent.body}`};
    const {start, end} = rangeOf(sent);
    this.#history.append({sequence: ++this.#sequence, ...asked, start, end});
    return {is: 'answered', start, end};
  }

  close(): void {
    this.#agent.destroy();
    this.#history.close();
  }

  #send(url: string): Promise<{connection: number} & (Answer | {error: string})> {
    return new Promise((resolve) => {
      let connection = this.#connection;
      const sent = request(url, {agent: this.#agent}, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('error', failed);
        response.on('end', () => {
          // An incomplete answer does not count.
          if (!response.complete) failed(new Error('the answer was cut off'));
          else resolve({connection, status: response.statusCode ?? 0, headers: response.headers, body});
        });
      });
      const failed = (error: Error & {code?: string}): void => {
        clearTimeout(patience);
        resolve({connection, error: error.code ?? error.message});
      };
      const patience = setTimeout(() => {
        sent.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`));
      }, PATIENCE_MS);
      sent.on('socket', (socket) => {
        const known = this.#connections.get(socket);
        connection = known ?? ++this.#connection;
        this.#connections.set(socket, connection);
      });
      sent.on('error', failed);
      sent.on('close', () => {
        clearTimeout(patience);
      });
      sent.end();
    });
  }
}
