import type {StoreFacts} from '../store.js';
import type {Pool} from './pool.js';

interface FactRow {
  readonly version: string;
  readonly size: bigint | null;
  readonly fsync: string | null;
  readonly fullPageWrites: string | null;
  readonly synchronousCommit: string | null;
  readonly standbys: number;
  /** Everybody may read it; which standby is synchronous at the moment is shown to few. */
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

/** Reads what decides whether a commit survives; CockroachDB syncs a majority of replicas, whatever is set. */
export async function readFacts(pool: Pool, isPostgres: boolean): Promise<StoreFacts> {
  if (!isPostgres) {
    const [row] = (await pool.unsafe('SELECT version() AS version')) as unknown as readonly {
      version: string;
    }[];
    return {
      kind: 'postgresql',
      product: productOf(row?.version ?? ''),
      sizeBytes: undefined,
      durability: 'a majority of replicas',
      warnings: [],
    };
  }
  const [row] = (await pool.unsafe(readSettings)) as unknown as readonly FactRow[];
  if (row === undefined) throw new Error('PostgreSQL answered no settings');
  return {
    kind: 'postgresql',
    product: productOf(row.version),
    sizeBytes: row.size === null ? undefined : Number(row.size),
    durability: durabilityOf(row),
    warnings: [...warnings(row)],
  };
}

function durabilityOf(row: FactRow): string {
  const local = `fsync=${row.fsync}, full_page_writes=${row.fullPageWrites}, synchronous_commit=${commitInForce(row)}`;
  return hasSynchronousStandby(row) ? `${local}, synchronous_standby_names=${row.synchronousNames}` : local;
}

/** Where one is named, no commit of ours is answered without it. */
function hasSynchronousStandby({synchronousNames}: FactRow): boolean {
  return synchronousNames !== null && synchronousNames.trim() !== '';
}

/** Every transaction of ours sets it to `on` where the server has less. */
function commitInForce({synchronousCommit}: FactRow): string {
  return synchronousCommit === 'remote_apply' ? 'remote_apply' : 'on';
}

function* warnings(row: FactRow): Iterable<string> {
  const {fsync, fullPageWrites, standbys, isReadOnly} = row;
  if (isReadOnly)
    yield 'The server is read-only: no integer can be allocated. Name the primary in peewee_url, or unset default_transaction_read_only.';
  if (standbys === 0 && hasSynchronousStandby(row) && !isReadOnly) {
    yield 'synchronous_standby_names is set, but no standby is connected: commits wait, and no integer can be allocated. Start the standby.';
  }
  if (fsync === 'off')
    yield 'fsync is off: a power failure can lose counters, and integers would be issued twice.';
  if (fullPageWrites === 'off') yield 'full_page_writes is off: a power failure can damage the tables.';
  if (standbys > 0 && !hasSynchronousStandby(row)) {
    yield 'Every standby is asynchronous: a failover can lose commits, and integers would be issued twice. Set synchronous_standby_names.';
  }
}

/** `PostgreSQL 15.4` of `PostgreSQL 15.4 (Debian …) on x86_64-…` */
function productOf(version: string): string {
  return /^\w+(?: CCL)? v?[\d.]+/.exec(version)?.[0] ?? version;
}
