export {Client, type CallOptions, type ClientOptions} from './lib/client/client.js';
export type {IdRange} from './lib/allocation/range.js';
export {UniqueIDError, type ErrorCode} from './lib/errors.js';
