import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import type {StoreFacts} from '../store.js';

interface TableRow extends RowDataPacket {
  readonly collation: string | null;
  readonly size: string | null;
}

/** Reads the settings that decide if a commit survives, and how the table of counters compares modes. */
export async function readFacts(connection: PoolConnection): Promise<StoreFacts> {
  const [variables] = await connection.query<RowDataPacket[]>(
    `SHOW GLOBAL VARIABLES WHERE Variable_name IN
      ('version', 'innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin', 'innodb_doublewrite',
       'wsrep_on', 'read_only', 'super_read_only', 'binlog_format', 'rpl_semi_sync_master_enabled',
       'rpl_semi_sync_master_wait_no_slave')`,
  );
  const [states] = await connection.query<RowDataPacket[]>(
    `SHOW GLOBAL STATUS WHERE Variable_name IN
      ('Rpl_semi_sync_master_clients', 'Rpl_semi_sync_master_status')`,
  );
  const settings = new Map(
    [...variables, ...states].map((row) => [String(row['Variable_name']), String(row['Value'])]),
  );
  const [[table]] = await connection.query<TableRow[]>(
    `SELECT table_collation AS collation, CAST(data_length + index_length AS CHAR) AS size
     FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'uniqueindex'`,
  );
  const version = settings.get('version') ?? '';
  const product = version.includes('MariaDB') ? 'MariaDB' : 'MySQL';
  const flush = settings.get('innodb_flush_log_at_trx_commit') ?? 'unknown';
  const binlog = settings.get('log_bin') === 'ON' ? `, sync_binlog=${settings.get('sync_binlog')}` : '';
  return {
    kind: 'mysql',
    product: `${product} ${/^[\d.]+/.exec(version)?.[0] ?? version}`,
    sizeBytes: sizeOf(table),
    durability: `innodb_flush_log_at_trx_commit=${flush}${binlog}`,
    warnings: [...warnings(settings, table)],
  };
}

function sizeOf(table: TableRow | undefined): number | undefined {
  return typeof table?.size === 'string' ? Number(table.size) : undefined;
}

function* warnings(settings: ReadonlyMap<string, string>, table: TableRow | undefined): Iterable<string> {
  yield* writeWarnings(settings);
  const flush = settings.get('innodb_flush_log_at_trx_commit');
  const isCluster = settings.get('wsrep_on') === 'ON';
  if (flush !== undefined && flush !== '1') {
    const failure = isCluster ? 'a simultaneous power failure of all nodes' : 'a power failure';
    yield (
      `innodb_flush_log_at_trx_commit is ${flush}: ` +
      `${failure} can lose counters, and integers would be issued twice.`
    );
  }
  if (settings.get('log_bin') === 'ON' && settings.get('sync_binlog') !== '1') {
    yield (
      'sync_binlog is not 1: after a power failure, replicas can miss commits, ' +
      'and a failover to one would issue integers twice.'
    );
  }
  if (settings.get('innodb_doublewrite') === 'OFF')
    yield 'innodb_doublewrite is off: a power failure can damage the tables.';
  if ((table?.collation ?? '').endsWith('_ci')) {
    yield (
      `The table of counters is case-insensitive (${table?.collation ?? ''}): ` +
      'modes such as "file" and "FILE" share one counter.'
    );
  }
}

/** Yields settings that prevent commits. MariaDB's further values of read_only each stop more users. */
function* writeWarnings(settings: ReadonlyMap<string, string>): Iterable<string> {
  const readOnly = ['super_read_only', 'read_only'].find((name) => (settings.get(name) ?? 'OFF') !== 'OFF');
  if (readOnly !== undefined)
    yield (
      `${readOnly} is ${settings.get(readOnly) ?? ''}: only an administrator can allocate. ` +
      'Name the primary in peewee_url, or set it to OFF.'
    );
  yield* semiSyncWarnings(settings);
  if (settings.get('log_bin') === 'ON' && settings.get('binlog_format') === 'STATEMENT')
    yield (
      'binlog_format is STATEMENT: no integers can be allocated, as READ COMMITTED needs ROW or MIXED. ' +
      'Set binlog_format to ROW.'
    );
}

/** Yields problems of semi-synchronous replication. Its status is OFF after a commit that waited in vain. */
function* semiSyncWarnings(settings: ReadonlyMap<string, string>): Iterable<string> {
  const isOn = (name: string): boolean => settings.get(name) === 'ON';
  if (!isOn('rpl_semi_sync_master_enabled')) return;
  if (!isOn('Rpl_semi_sync_master_status'))
    yield (
      'rpl_semi_sync_master_enabled is ON, but commits have stopped waiting for a replica: ' +
      'a failover can lose commits, and integers would be issued twice. ' +
      'Start the replica, and set rpl_semi_sync_master_timeout to 4294967295.'
    );
  else if (isOn('rpl_semi_sync_master_wait_no_slave') && settings.get('Rpl_semi_sync_master_clients') === '0')
    yield (
      'rpl_semi_sync_master_enabled is ON, but no replica is connected: ' +
      'commits wait, and no integers can be allocated. Start the replica.'
    );
}
