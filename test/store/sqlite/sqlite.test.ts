import {onTestFinished} from 'vitest';
import {openThreadedSqliteStore} from '../../../src/lib/store/sqlite/thread/threaded-store.js';
import {describeStore} from '../conformance.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';

const recreate = (columns: string, options = ''): readonly string[] => [
  'DROP TABLE uniqueindex',
  `CREATE TABLE uniqueindex (${columns}) ${options}`,
];

const shapes = {
  SQLite: [],
  'SQLite, STRICT': recreate('"id" TEXT NOT NULL PRIMARY KEY, "index" INTEGER NOT NULL', 'STRICT'),
  'SQLite, WITHOUT ROWID': recreate(
    '"id" VARCHAR(255) NOT NULL PRIMARY KEY, "index" BIGINT NOT NULL',
    'WITHOUT ROWID',
  ),
  'SQLite with a unique index and further columns': [
    ...recreate(
      '"id" CHAR(10), "index" INT, note, ' +
        'made TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, twice AS ("index" * 2)',
    ),
    'CREATE UNIQUE INDEX one ON uniqueindex ("id")',
  ],
};
for (const [name, reshape] of Object.entries(shapes))
  describeStore({name, make: () => Promise.resolve(makeSqliteDatabase()), quote: '"', reshape});

describeStore({
  name: 'SQLite on a thread',
  make: () => {
    const database = makeSqliteDatabase();
    return Promise.resolve({
      ...database,
      open: async (options) => {
        const store = await openThreadedSqliteStore(database.path, options);
        onTestFinished(() => store.close());
        return store;
      },
    });
  },
  quote: '"',
});
