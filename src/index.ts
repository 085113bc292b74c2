export {Allocator, type AllocatorOptions} from './lib/allocation/allocator.js';
export {parseMode, MAX_MODE_LENGTH} from './lib/core/mode.js';
export {formatRange, MAX_COUNTER, parseRange, type IdRange} from './lib/core/range.js';
export {parseDatabaseUrl, type DatabaseUrl} from './lib/config/database-url.js';
export {UniqueIDError, type ErrorCode} from './lib/core/errors.js';
export {
  createRequestListener,
  type EmbeddedService,
  type RequestListenerOptions,
} from './lib/server/embed.js';
export {openStore} from './lib/store/open.js';
export {migrate} from './lib/store/schema/migrate.js';
export type {Store} from './lib/store/store.js';
export {version} from './lib/util/version.js';
