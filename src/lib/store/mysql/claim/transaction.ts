import type {PoolConnection, ResultSetHeader} from 'mysql2/promise';
import {conflict} from '../../shared/network-errors.js';
import type {CounterRow} from './counter-row.js';

/** The bit of a server's status that says that a transaction is open. */
const SERVER_STATUS_IN_TRANS = 1;

/** The answers to the statements of one text, in their order. */
export type Answers = readonly (ResultSetHeader | CounterRow[])[];

/** Sends statements as one text, which costs one round trip. The driver answers a single statement in another form. */
export async function send(connection: PoolConnection, text: string): Promise<Answers> {
  const [answers] = await connection.query(text);
  return answers as unknown as Answers;
}

/**
 * Sends statements of one transaction, each ended by a semicolon, and leaves the transaction open. A Galera node may abort it
 * between two statements for a commit of another node, and report nothing (seen on MariaDB 10.11). The rest of the text then
 * commits statement by statement, and a COMMIT succeeds although the first ones are lost.
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
