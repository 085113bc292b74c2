import {Agent, request, type IncomingHttpHeaders, type RequestOptions} from 'node:http';
import {connect} from 'node:net';

/** A complete HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Detects a hang. Without it a kept-alive socket times out after the idle time announced by the server. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Sends one request with its target unchanged: fetch would normalize it. */
export function ask(base: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const {hostname, port} = new URL(base);
  return new Promise((resolve, reject) => {
    const sent = request(
      {host: hostname.replace(/^\[(.*)\]$/, '$1'), port, path, timeout: ANSWER_TIMEOUT_MS, ...options},
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (text: string) => (body += text));
        response.on('error', reject);
        response.on('end', () => {
          resolve({status: response.statusCode ?? 0, headers: response.headers, body});
        });
      },
    );
    sent.on('error', reject);
    sent.on('timeout', () => {
      sent.destroy(new Error('no answer in time'));
    });
    sent.end();
  });
}

/** Sends bytes unchanged, and reads until the server closes the connection. */
export function askRaw(base: string, bytes: string | Buffer): Promise<string> {
  const {hostname, port} = new URL(base);
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(bytes);
    });
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', reject);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}

/** Parses the range of an answer of /getid exactly. */
export function rangeOf({status, body}: Answer): {start: bigint; end: bigint} {
  const match = /^\{"endIndex": (-?\d+), "startIndex": (-?\d+)\}$/.exec(body);
  if (status !== 200 || match === null) throw new Error(`no range in the answer ${status} ${body}`);
  return {start: BigInt(match[2] ?? ''), end: BigInt(match[1] ?? '')};
}

/** Returns an agent that keeps connections open between requests. */
export function keepAlive(sockets: number): Agent {
  return new Agent({keepAlive: true, maxSockets: sockets});
}
