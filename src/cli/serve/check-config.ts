import type {Config} from '../../lib/config/resolve.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import type {StatusDocument} from '../../lib/operations/status-document.js';
import {checkServer, type ServerCheck} from '../../lib/server/check.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {sourceLines, sourcesDocument, type SourcesDocument} from '../status/config-sources.js';
import {databaseListing} from '../status/source.js';
import {labelled} from '../terminal/labelled.js';

/** The output of `serve --check-config --json`. */
export interface CheckDocument extends SourcesDocument, ServerCheck {
  readonly database: {
    readonly location: string;
    readonly product: string;
    readonly durability: string;
    readonly schema: string;
  };
}

/**
 * Checks everything that `serve` needs, except the port. Prints what is used before each part that may fail.
 *
 * @throws UniqueIDError `CONFIG_INVALID`, `SCHEMA_*` or `DATABASE_*`
 */
export async function checkConfig(
  config: Config,
  json: boolean,
  print: (lines: readonly Visible[]) => void,
): Promise<CheckDocument> {
  const width = process.stdout.columns || Infinity;
  print([...sourceLines(config, width), visible('')]);
  const server = checkServer(config);
  print(serverLines(config, server, width));
  const {database, schema} = await databaseListing(config, {limit: 0, order: 'name'}, json);
  if (schema.problem !== null) throw toError(schema.problem);
  const {location, product, durability} = database;
  const facts = `${location} (${product}, ${durability}), schema ${schema.version}`;
  const warnings = [...new Set([...server.warnings, ...database.warnings])];
  print([
    ...labelled('Database', visible(facts), width),
    ...warnings.flatMap((warning) => labelled('Warning', visible(warning), width)),
  ]);
  return {
    ...sourcesDocument(config),
    ...server,
    warnings,
    database: {location, product, durability, schema: schema.version},
  };
}

function serverLines({settings}: Config, {url, tokens, tls}: ServerCheck, width: number): Visible[] {
  const {tokensFile, accessFile, errorFile} = settings;
  const rows = {
    Address: `${url} (not opened)`,
    Tokens: tokens === null ? 'none: every client may take integers' : `${tokens} in ${tokensFile}`,
    TLS: tls === null ? 'none' : `${tls.certificate}, valid until ${tls.validUntil}`,
    'Access log': accessFile ?? 'none',
    'Error log': errorFile ?? 'stderr',
  };
  return Object.entries(rows).flatMap(([label, text]) => labelled(label, visible(text), width));
}

function toError({code, message, hint}: NonNullable<StatusDocument['schema']['problem']>): UniqueIDError {
  return new UniqueIDError(code, message, hint === undefined ? {} : {hint});
}
