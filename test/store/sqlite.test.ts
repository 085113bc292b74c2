import {join} from 'node:path';
import {onTestFinished} from 'vitest';
import type {openThreadedSqliteStore as openThreaded} from '../../src/lib/store/sqlite/threaded-store.js';
import {describeStore} from './conformance.js';
import {makeSqliteDatabase} from '../helpers/sqlite-database.js';
import {root} from '../helpers/workspace.js';

describeStore({name: 'SQLite', make: () => Promise.resolve(makeSqliteDatabase()), quote: '"'});

// Compiled, because the thread is started from a file of its own.
const {openThreadedSqliteStore} = (await import(
  join(root, 'dist', 'lib', 'store', 'sqlite', 'threaded-store.js')
)) as {openThreadedSqliteStore: typeof openThreaded};

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
