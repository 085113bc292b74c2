import type {StoreFacts} from '../store.js';
import type {Pool} from './connection/pool.js';

interface FactRow {
  readonly version: string;
  readonly size: bigint | null;
  readonly fsync: string | null;
  readonly fullPageWrites: string | null;
  readonly synchronousCommit: string | null;
  readonly standbys: number;
  /** Readable by every user, unlike the list of standbys that are synchronous now. */
  readonly synchronousNames: string | null;
  readonly isReadOnly: boolean;
}

const readSettings = `
  SELECT version() AS version, pg_database_size(current_database()) AS size,
    current_setting('fsync', true) AS fsync,
    current_setting('full_page_writes', true) AS "fullPageWrites",
    current_setting('synchronous_commit', true) AS "synchronousCommit",
    (SELECT count(*)::int FROM pg_stat_replication) AS standbys,
    current_setting('synchronous_standby_names', true) AS "synchronousNames",
    current_setting('transaction_read_only') = 'on' AS "isReadOnly"`;

/** The schemas in the search path that hold a table of counters, the one in use first. */
const findSchemas = `
  SELECT nspname::text AS schema
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = relnamespace
  WHERE relname = 'uniqueindex' AND relkind IN ('r', 'p', 'v', 'm', 'f')
    AND nspname = ANY (current_schemas(true))
  ORDER BY array_position(current_schemas(true), nspname)`;

/**
 * The server's start time, the database's number and the schema of the tables, which are the same at any
 * address. The time is formatted in UTC, because its text would otherwise depend on the session's time zone.
 */
const identityStatement = `
  SELECT concat_ws(' ',
    to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), d.oid,
    coalesce((SELECT relnamespace FROM pg_class WHERE relname = 'uniqueindex' AND pg_table_is_visible(oid)),
      (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))) AS identity
  FROM pg_database AS d WHERE datname = current_database()`;

/** Reads the settings that decide if a commit survives. */
export async function readFacts(pool: Pool): Promise<StoreFacts> {
  const [row] = (await pool.unsafe(readSettings)) as unknown as readonly FactRow[];
  if (row === undefined) throw new Error('PostgreSQL returned no settings.');
  const schemas = (await pool.unsafe(findSchemas)) as unknown as readonly {schema: string}[];
  const [used, ...others] = schemas.map(({schema}) => schema);
  return {
    kind: 'postgresql',
    schema: used,
    product: productOf(row.version),
    sizeBytes: row.size === null ? undefined : Number(row.size),
    durability: durabilityOf(row),
    warnings: [...warnings(row), ...hiddenTables(used, others)],
  };
}

/** Implements `Store.identity`. */
export async function readIdentity(pool: Pool): Promise<string> {
  const [row] = (await pool.unsafe(identityStatement)) as unknown as readonly {identity: string}[];
  return `postgresql ${row?.identity ?? ''}`;
}

function durabilityOf(row: FactRow): string {
  const local =
    `fsync=${row.fsync}, full_page_writes=${row.fullPageWrites}, ` +
    `synchronous_commit=${commitInForce(row)}`;
  return hasSynchronousStandby(row) ? `${local}, synchronous_standby_names=${row.synchronousNames}` : local;
}

/** If a synchronous standby is configured, each commit waits for its confirmation. */
function hasSynchronousStandby({synchronousNames}: FactRow): boolean {
  return synchronousNames !== null && synchronousNames.trim() !== '';
}

/** Returns the level in force: our transactions raise a lower one to `on`. */
function commitInForce({synchronousCommit}: FactRow): string {
  return synchronousCommit === 'remote_apply' ? 'remote_apply' : 'on';
}

function* warnings(row: FactRow): Iterable<string> {
  const {fsync, fullPageWrites, standbys, isReadOnly} = row;
  if (isReadOnly)
    yield (
      'The server is read-only: no integers can be allocated. ' +
      'Name the primary in peewee_url, or unset default_transaction_read_only.'
    );
  if (standbys === 0 && hasSynchronousStandby(row) && !isReadOnly) {
    yield (
      'synchronous_standby_names is set, but no standby is connected: ' +
      'commits wait, and no integers can be allocated. Start the standby.'
    );
  }
  if (fsync === 'off')
    yield 'fsync is off: a power failure can lose counters, and integers would be issued twice.';
  if (fullPageWrites === 'off') yield 'full_page_writes is off: a power failure can damage the tables.';
  if (standbys > 0 && !hasSynchronousStandby(row)) {
    yield (
      'Every standby is asynchronous: a failover can lose commits, and integers would be issued twice. ' +
      'Set synchronous_standby_names.'
    );
  }
}

function hiddenTables(used: string | undefined, others: readonly string[]): string[] {
  return others.map(
    (schema) =>
      `The schema ${JSON.stringify(schema)} also has a table uniqueindex; the one in use is in ` +
      `${JSON.stringify(used)}. Check which one holds your counters, and rename or drop the other.`,
  );
}

/** Returns, for example, `PostgreSQL 15.4` of `PostgreSQL 15.4 (Debian …) on x86_64-…`. */
function productOf(version: string): string {
  return /^\w+ v?[\d.]+/.exec(version)?.[0] ?? version;
}
