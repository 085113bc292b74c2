import {absolutePath, type DatabaseUrl} from '../config/database-url.js';
import type {OpenOptions, Store} from './store.js';

/** Opens the store for a database URL. Loads only the driver that the URL needs. */
export async function openStore(url: DatabaseUrl, options: OpenOptions = {}): Promise<Store> {
  switch (url.kind) {
    case 'sqlite': {
      if (options.offThread === true) {
        const {openThreadedSqliteStore} = await import('./sqlite/thread/threaded-store.js');
        return openThreadedSqliteStore(absolutePath(url.database), options);
      }
      const {openSqliteStore} = await import('./sqlite/store.js');
      return openSqliteStore(absolutePath(url.database), options);
    }
    case 'postgresql': {
      const {openPostgresStore} = await import('./postgres/store.js');
      return openPostgresStore(url, options);
    }
    case 'mysql': {
      const {openMysqlStore} = await import('./mysql/store.js');
      return openMysqlStore(url, options);
    }
  }
}
