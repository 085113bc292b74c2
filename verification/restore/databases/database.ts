import type {Random} from '../../../test/helpers/random.js';

export const kinds = ['sqlite', 'postgres', 'mysql', 'standby'] as const;
export type Kind = (typeof kinds)[number];

/** A saved state of a database. */
export interface Backup {
  /** The way in which it was made and is restored, for the log of the run. */
  readonly name: string;
  /** Makes this the state of the database, whether or not servers run. */
  readonly restore: () => Promise<void>;
}

/** The new database of one run. */
export interface TrialDatabase {
  /** The environment by which servers and commands reach it. */
  readonly env: Readonly<Record<string, string>>;
  /** The most restores in one run. */
  readonly maxRestores: number;
  readonly backup: (random: Random) => Promise<Backup>;
  readonly counters: () => Promise<ReadonlyMap<string, bigint>>;
  readonly remove: () => Promise<void>;
}

/** Makes databases for many runs; starts its database servers once. */
export interface Source {
  /** @param folder the folder of the run, for files of the database and backups */
  readonly make: (folder: string) => Promise<TrialDatabase>;
  readonly close: () => Promise<void>;
}

/** The statements that make the tables, as the Python service made them: without an identity. */
export function tablesOf(quote: string): readonly string[] {
  const index = `${quote}index${quote}`;
  return [
    `CREATE TABLE uniqueindex (id VARCHAR(255) NOT NULL PRIMARY KEY, ${index} BIGINT NOT NULL)`,
    'CREATE TABLE uniqueindexsystem (part VARCHAR(255) NOT NULL PRIMARY KEY, value INTEGER NOT NULL)',
    `INSERT INTO uniqueindexsystem VALUES ('major', 1), ('minor', 0)`,
  ];
}
