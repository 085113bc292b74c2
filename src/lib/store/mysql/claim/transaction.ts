import type {PoolConnection, ResultSetHeader} from 'mysql2/promise';
import {conflict} from '../../shared/network-errors.js';
import type {CounterRow} from './counter-row.js';

/** The bit of a server's status that is set while a transaction is open. */
const SERVER_STATUS_IN_TRANS = 1;

/** The answers to the statements of one text, in order. */
export type Answers = readonly (ResultSetHeader | CounterRow[])[];

/** Sends statements, at least two, in one round trip; the driver answers a single one in another form. */
export async function send(connection: PoolConnection, text: string): Promise<Answers> {
  const [answers] = await connection.query(text);
  return answers as unknown as Answers;
}

/**
 * Sends statements of one transaction, each ended by a semicolon, and leaves the transaction open. A Galera
 * node may abort it between two statements in favour of another node's commit, without an error (seen on
 * MariaDB 10.11). The rest of the text then commits statement by statement, and COMMIT succeeds although the
 * first statements are lost.
 *
 * @throws UniqueIDError `DATABASE_BUSY` if the transaction is no longer open at the end
 */
export async function sendInTransaction(
  connection: PoolConnection,
  text: string,
  location: string,
): Promise<Answers> {
  const answers = await send(connection, `${text} DO 0`);
  const {serverStatus} = answers.at(-1) as ResultSetHeader;
  if ((serverStatus & SERVER_STATUS_IN_TRANS) === 0) throw conflict(location, undefined);
  return answers;
}
