// The service as any server of node:http has it, without the reader of plain requests in front of it.
import {createRequestListener} from '../../../dist/index.js';
import {baseUrl, listen} from '../../../dist/lib/server/http-server.js';

const database = process.env.PEEWEE_URL;
const settings = JSON.parse(process.env.BARE_SETTINGS);
const listener = await createRequestListener({database, settings});
const server = await listen(listener, {
  address: '127.0.0.1',
  port: 0,
  maxConnections: 20_000,
  headerTimeoutMs: 20_000,
  idleTimeoutMs: 65_000,
  tlsCert: undefined,
  tlsKey: undefined,
});
process.stderr.write(`answers at ${baseUrl(server)}/getid\n`);
