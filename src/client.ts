export {Client, type CallOptions} from './lib/client/client.js';
export type {ClientOptions} from './lib/client/options.js';
export type {IdRange} from './lib/core/range.js';
export {UniqueIDError, type ErrorCode} from './lib/core/errors.js';
