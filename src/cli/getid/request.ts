import {parseMode} from '../../lib/core/mode.js';
import {parseRange} from '../../lib/core/range.js';
import {loadConfig} from '../../lib/config/load.js';
import type {Config} from '../../lib/config/resolve.js';
import {assertStdoutOpen} from '../process/stdout.js';
import type {GetidOptions} from './flags.js';
import type {RangeFormat} from './output.js';
import {chooseServer} from './server.js';

/** The parsed options of `getid`, with the configuration. */
export interface GetidRequest {
  readonly config: Config;
  readonly options: GetidOptions;
  /** The address of the service to ask instead of the database. */
  readonly server: string | undefined;
  readonly mode: string | undefined;
  readonly count: bigint;
  readonly format: RangeFormat;
}

/**
 * Parses the options of `getid` and loads the configuration.
 *
 * @throws UniqueIDError for an invalid option or setting, or if stdout is closed
 */
export function parseGetid(options: GetidOptions): GetidRequest {
  const {config: path, database, server: asked, timeout} = options;
  const config = loadConfig({config: path, database, server: asked, timeout}, process.env);
  const server = chooseServer(config, options);
  const count = parseRange(options.range, config.settings.maxRange);
  const mode = options.mode === undefined ? undefined : parseMode(options.mode);
  assertStdoutOpen();
  return {config, options, server, mode, count, format: options.json ? 'json' : options.format};
}
