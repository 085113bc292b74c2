// Commits on each host of a database all the time, without code of UniqueID. Prints a line per commit: its
// moment, in microseconds of `now()`. Ends with its standard input.
// Run as: commit-process.ts NAME URL...; each URL names one host.
import {setTimeout as sleep} from 'node:timers/promises';
import {createConnection} from 'mysql2';
import postgres from 'postgres';
import {now} from '../history/line.js';

const PAUSE_MS = 200;
/** Time for one attempt: a host that is silent for longer gets a new connection. */
const ATTEMPT_MS = 3000;

/** A connection to one host. */
interface Session {
  readonly commit: () => Promise<void>;
  readonly end: () => void;
}

/** Opens a session. @param part a row of its own: commits of one row on two nodes collide */
function open(url: string, part: string): Session {
  if (url.startsWith('mysql:')) {
    const connection = createConnection({uri: url, connectTimeout: ATTEMPT_MS});
    connection.on('error', () => undefined);
    const sql = `INSERT INTO uniqueindexsystem (part, value) VALUES (?, 0)
      ON DUPLICATE KEY UPDATE value = 1 - value`;
    return {
      commit: async () => {
        await connection.promise().query(sql, [part]);
      },
      end: () => {
        connection.destroy();
      },
    };
  }
  const warnings: unknown[] = [];
  const sql = postgres(url.replace('?prepare=false', ''), {
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: ATTEMPT_MS / 1000,
    onnotice: (notice) => warnings.push(notice),
  });
  return {
    commit: async () => {
      warnings.length = 0;
      await sql`INSERT INTO uniqueindexsystem (part, value) VALUES (${part}, 0)
        ON CONFLICT (part) DO UPDATE SET value = 1 - uniqueindexsystem.value`;
      // A commit whose wait for the standby was canceled may be lost.
      if (warnings.length > 0) throw new Error('not confirmed');
    },
    end: () => void sql.end({timeout: 0}),
  };
}

async function watch(url: string, part: string): Promise<void> {
  let session: Session | undefined;
  for (;;) {
    session ??= open(url, part);
    const silent = new AbortController();
    try {
      const limit = sleep(ATTEMPT_MS, 'silent' as const, {signal: silent.signal});
      if ((await Promise.race([session.commit(), limit])) === 'silent') throw new Error('no answer');
      process.stdout.write(`${now()}\n`);
    } catch {
      session.end();
      session = undefined;
    }
    silent.abort();
    await sleep(PAUSE_MS);
  }
}

const [name = '', ...urls] = process.argv.slice(2);
// An attempt that ran out of time may still fail, and its limit is aborted.
process.on('unhandledRejection', () => undefined);
process.stdin.on('end', () => process.exit()).resume();
await Promise.all(urls.map((url, index) => watch(url, `trial ${name} ${index}`)));
