import {Agent, request, type IncomingHttpHeaders, type RequestOptions} from 'node:http';
import {connect} from 'node:net';

/** A complete answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Finds a hang; without it a socket kept alive would time out after the few seconds that the server announces for idle ones. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Sends one request, its target exactly as given: fetch would tidy what is to be tested. */
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

/** Sends bytes as they are, and reads until the other side closes. */
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

/** The range of an answer of /getid, to the last digit. */
export function rangeOf({status, body}: Answer): {start: bigint; end: bigint} {
  const match = /^\{"endIndex": (-?\d+), "startIndex": (-?\d+)\}$/.exec(body);
  if (status !== 200 || match === null) throw new Error(`no range: ${status} ${body}`);
  return {start: BigInt(match[2] ?? ''), end: BigInt(match[1] ?? '')};
}

/** Keeps connections open between requests, as clients under load do. */
export function keepAlive(sockets: number): Agent {
  return new Agent({keepAlive: true, maxSockets: sockets});
}
