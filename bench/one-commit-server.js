// For comparison: the simplest server on node:http and better-sqlite3, with one synced commit per request.
import {createServer} from 'node:http';
import Database from 'better-sqlite3';

const database = new Database('one-commit.sqlite3').defaultSafeIntegers(true);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE IF NOT EXISTS uniqueindex ("id" TEXT PRIMARY KEY, "index" INTEGER NOT NULL)');
const take = database.prepare(
  `INSERT INTO uniqueindex VALUES (?, ?) ON CONFLICT ("id") DO UPDATE SET "index" = "index" + ? RETURNING "index" AS next`,
);

const server = createServer((request, response) => {
  const query = new URL(request.url, 'http://localhost').searchParams;
  const range = BigInt(query.get('range'));
  const {next} = take.get(query.get('mode'), range, range);
  response.setHeader('Content-Type', 'application/json');
  response.end(`{"endIndex": ${next - 1n}, "startIndex": ${next - range}}`);
});
server.listen(0, '127.0.0.1', () => {
  process.stderr.write(`answers at http://127.0.0.1:${server.address().port}/getid\n`);
});
