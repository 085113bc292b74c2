import {once} from 'node:events';
import {connect} from 'node:net';
import type {DatabaseUrl} from '../../../config/database-url.js';
import {DEFAULT_PORT} from './driver.js';

/**
 * SSLRequest: its length, and a number that is no version of the protocol.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
const request = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Returns true if the URL requires TLS and every server that answers lacks it. */
export async function isTlsMissing({hosts, options}: DatabaseUrl): Promise<boolean> {
  if (options.sslmode === 'disable' || options.sslmode === 'prefer') return false;
  const answers = await Promise.all(
    hosts.map(({host, port}) => offersTls(host, port ?? DEFAULT_PORT, options.connectTimeoutMs)),
  );
  return answers.includes(false) && !answers.includes(true);
}

/**
 * Asks a server if it speaks TLS. The driver ignores the server's answer and starts TLS anyway. It then sees
 * only a closed connection, which looks transient, although waiting does not help.
 *
 * @returns `undefined` if the server does not answer in time
 */
async function offersTls(host: string, port: number, limitMs: number): Promise<boolean | undefined> {
  const socket = connect({host, port});
  try {
    const [answer] = (await Promise.race([
      once(
        socket.on('connect', () => socket.write(request)),
        'data',
        {signal: AbortSignal.timeout(limitMs)},
      ),
      once(socket, 'close').then(() => []),
    ])) as [Buffer?];
    return answer === undefined ? undefined : answer.toString('latin1', 0, 1) === 'S';
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}
