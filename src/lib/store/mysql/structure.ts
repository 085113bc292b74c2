import type {PoolConnection, RowDataPacket} from 'mysql2/promise';
import {
  CONVERT_ENGINE,
  findFlaw,
  REBUILD_HINT,
  type ColumnStructure,
  type Mends,
  type StructureFlaw,
  type UniqueIndex,
} from '../schema/structure.js';

/** The structure of our tables and properties of the session, read in one round trip. */
export interface MysqlStructure {
  readonly tables: readonly Table[];
  readonly flaw: StructureFlaw | undefined;
  /** True for a node of MariaDB Galera Cluster or Percona XtraDB Cluster. */
  readonly isGaleraNode: boolean;
}

interface Table {
  readonly name: string;
  readonly type: string;
  readonly engine: string;
  readonly options: string;
}

const ofCounters = `table_schema = DATABASE() AND table_name = 'uniqueindex'`;

const readStructure = `
  SELECT table_name AS name, table_type AS type, engine AS engine, create_options AS options
    FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN ('uniqueindex', 'uniqueindexsystem');
  SELECT column_name AS name, data_type AS kind, column_type AS type, is_nullable AS nullable,
    column_default IS NOT NULL AS hasDefault, extra AS extra
    FROM information_schema.columns WHERE ${ofCounters} ORDER BY ordinal_position;
  SELECT index_name AS name, column_name AS columnName, sub_part AS part
    FROM information_schema.statistics WHERE ${ofCounters} AND non_unique = 0
    ORDER BY index_name, seq_in_index;
  SELECT trigger_name AS name FROM information_schema.triggers
    WHERE event_object_schema = DATABASE() AND event_object_table = 'uniqueindex';
  SHOW SESSION VARIABLES WHERE Variable_name IN
    ('log_bin', 'binlog_format', 'sql_mode', 'transaction_isolation', 'tx_isolation', 'wsrep_on')`;

/**
 * Engines whose tables can be converted to InnoDB as they are: their rows are in a file, also after a crash.
 */
const CONVERTIBLE = ['myisam', 'aria'];

const mends: Mends = {
  id:
    'Run: ALTER TABLE uniqueindex MODIFY id VARCHAR(255) NOT NULL, ' +
    'with its current character set and collation.',
  index:
    'Check that each value is a whole number, and run: ' +
    'ALTER TABLE uniqueindex MODIFY `index` BIGINT NOT NULL.',
  optional: (name) => `Give it a default: ALTER TABLE uniqueindex ALTER COLUMN \`${name}\` SET DEFAULT ….`,
  unique: 'Check that no mode occurs in two rows, and run: ALTER TABLE uniqueindex ADD UNIQUE INDEX (id).',
  noTrigger: (name) => `Run: DROP TRIGGER \`${name}\`.`,
};

/** Reads the structure in one round trip. Users without the TRIGGER privilege see no triggers. */
export async function readMysqlStructure(connection: PoolConnection): Promise<MysqlStructure> {
  const [answers] = await connection.query(readStructure);
  const [tableRows = [], columns = [], keys = [], triggers = [], variables = []] =
    answers as unknown as readonly RowDataPacket[][];
  const tables = tableRows.map((row) => ({
    name: text(row['name']).toLowerCase(),
    type: text(row['type']),
    engine: text(row['engine']),
    options: text(row['options']),
  }));
  const counters = tables.find(({name}) => name === 'uniqueindex');
  const structure = {
    columns: columns.map(columnOf),
    uniqueIndexes: uniqueIndexesOf(keys),
    triggers: triggers.map((row) => text(row['name'])),
  };
  const settings = new Map(variables.map((row) => [text(row['Variable_name']), text(row['Value'])]));
  const flaw =
    counters === undefined
      ? undefined
      : (kindFlaw(counters) ??
        findFlaw(structure, mends, false) ??
        sessionFlaw(settings) ??
        engineFlaw(counters));
  return {tables, flaw, isGaleraNode: settings.get('wsrep_on') === 'ON'};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function columnOf(row: RowDataPacket): ColumnStructure {
  const name = text(row['name']).toLowerCase();
  const type = text(row['type']);
  const extra = text(row['extra']).toUpperCase();
  const isAutomatic = extra.includes('AUTO_INCREMENT');
  const isSigned64 = row['kind'] === 'bigint' && !type.includes('unsigned');
  return {
    name,
    type: type.toUpperCase(),
    isExact: name === 'id' ? row['kind'] === 'varchar' : isSigned64,
    isNullable: row['nullable'] === 'YES',
    hasDefault: Number(row['hasDefault']) === 1 || isAutomatic,
    // DEFAULT_GENERATED (MySQL) marks a default expression. AUTO_INCREMENT turns 0 into the next number.
    isGenerated:
      /\b(?:VIRTUAL|STORED|PERSISTENT) GENERATED\b/.test(extra) || (isAutomatic && name === 'index'),
  };
}

/** Collects unique indexes. One on a prefix of a column treats modes with that prefix as equal. */
function uniqueIndexesOf(keys: readonly RowDataPacket[]): UniqueIndex[] {
  const byName = new Map<string, string[]>();
  for (const row of keys) {
    const columns = byName.get(text(row['name'])) ?? [];
    columns.push(row['part'] === null ? text(row['columnName']).toLowerCase() : '');
    byName.set(text(row['name']), columns);
  }
  return [...byName.values()].map((columns) => ({columns, isWhole: true}));
}

function kindFlaw({type, options}: Table): StructureFlaw | undefined {
  if (type === 'SYSTEM VERSIONED')
    return {
      reason: 'it is system-versioned, and keeps a row of every commit forever',
      hint: 'Run: ALTER TABLE uniqueindex DROP SYSTEM VERSIONING.',
    };
  if (type !== 'BASE TABLE')
    return {reason: `it is a ${type.toLowerCase()}, not an ordinary table`, hint: REBUILD_HINT};
  return options.includes('partitioned')
    ? {reason: 'it is partitioned', hint: 'Run: ALTER TABLE uniqueindex REMOVE PARTITIONING.'}
    : undefined;
}

/** Checks that the session settings of connection.ts are in force; a proxy may have dropped them. */
function sessionFlaw(settings: ReadonlyMap<string, string>): StructureFlaw | undefined {
  const isolation = settings.get('transaction_isolation') ?? settings.get('tx_isolation');
  if (isolation !== undefined && isolation !== 'READ-COMMITTED')
    return {
      reason: `its transactions are ${isolation} although READ COMMITTED was set`,
      hint: 'Let every session set its isolation level; a proxy may drop the setting.',
    };
  if (settings.get('sql_mode')?.includes('STRICT_ALL_TABLES') === false)
    return {
      reason: 'the server truncates values that do not fit, although sql_mode was set to STRICT_ALL_TABLES',
      hint: 'Let every session set its sql_mode; a proxy may drop the setting.',
    };
  return settings.get('log_bin') === 'ON' && settings.get('binlog_format') === 'STATEMENT'
    ? binlogFlaw
    : undefined;
}

export const settingsFlaw: StructureFlaw = {
  reason:
    'the server rejects the isolation level READ COMMITTED or the strict sql_mode that every session sets',
  hint: 'Let the user set both for its session; a proxy may forbid it.',
};

/** With this format, InnoDB rejects every write under READ COMMITTED with error 1665. */
export const binlogFlaw: StructureFlaw = {
  reason: 'binlog_format is STATEMENT, so the server rejects every write',
  hint: "Run: SET GLOBAL binlog_format = ROW; and set it in the server's configuration.",
};

/** Checked last, because dbsync converts only a table without any other flaw. */
function engineFlaw({engine}: Table): StructureFlaw | undefined {
  if (engine.toLowerCase() === 'innodb') return undefined;
  const reason =
    `its engine is ${engine}, not InnoDB: ` +
    'two servers can issue the same integers, and a crash can lose counters';
  return CONVERTIBLE.includes(engine.toLowerCase())
    ? {
        reason,
        hint: 'Stop all other writers, and run "uniqueid dbsync" to convert the tables.',
        mend: CONVERT_ENGINE,
      }
    : {
        reason,
        hint:
          'Check each counter against the last integer in use, and run: ' +
          'ALTER TABLE uniqueindex ENGINE = InnoDB.',
      };
}

/** Converts our tables to InnoDB. It also sets the row format, as InnoDB may lack the current one. */
export async function convertTables(connection: PoolConnection): Promise<void> {
  const {tables} = await readMysqlStructure(connection);
  for (const {name, engine} of tables) {
    if (engine.toLowerCase() !== 'innodb')
      await connection.query(`ALTER TABLE ${name} ENGINE = InnoDB, ROW_FORMAT = DYNAMIC`);
  }
}
