import {once} from 'node:events';
import {connect} from 'node:net';

/** A server's number for a session, and the secret that permits cancelling its statement. */
export interface Session {
  readonly pid: number;
  readonly secret: number;
}

/**
 * CancelRequest: its length, and a number that is no version of the protocol.
 * https://www.postgresql.org/docs/current/protocol-flow.html
 */
const LENGTH = 16;
const CANCEL_REQUEST = 80_877_102;

/**
 * Asks a server to cancel the statement of a session, which also ends a wait for a lock or a standby. The
 * request needs a separate connection, but no TLS, no login and no free slot of `max_connections`.
 *
 * @returns after the server closed that connection; the statement may end later, without a report
 */
export async function cancelStatement(
  {host, port}: {readonly host: string; readonly port: number},
  {pid, secret}: Session,
  limitMs: number,
): Promise<void> {
  const request = Buffer.alloc(LENGTH);
  for (const [index, word] of [LENGTH, CANCEL_REQUEST, pid, secret].entries())
    request.writeUInt32BE(word, index * 4);
  const socket = connect({host, port});
  try {
    // Not half-closed: PgBouncer drops the request of a client that has ended, and version 1.18 can crash.
    socket.resume().write(request);
    await once(socket, 'close', {signal: AbortSignal.timeout(limitMs)});
  } catch {
    // An unreachable server gets no request; it drops the session by its own limits.
  } finally {
    socket.destroy();
  }
}

/** Returns the session of a driver's query, if it was sent; the driver's types lack the property. */
export function sessionOf(query: object): Session | undefined {
  const state: unknown = 'state' in query ? query.state : undefined;
  if (typeof state !== 'object' || state === null || !('pid' in state && 'secret' in state)) return undefined;
  const {pid, secret} = state;
  return typeof pid === 'number' && typeof secret === 'number' ? {pid, secret} : undefined;
}
