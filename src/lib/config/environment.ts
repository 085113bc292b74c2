import {UniqueIDError} from '../core/errors.js';
import {nearest} from '../util/text/nearest-word.js';
import {settings} from './settings.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface OtherVariable {
  /** The meaning in one sentence, for `uniqueid help environment`. */
  readonly meaning: string;
  /** The flag that overrides it. */
  readonly flag: string | null;
}

/** Variables that are not settings. */
export const otherVariables: Readonly<Record<string, OtherVariable>> = {
  UNIQUEID_CONFIG: {meaning: 'Config file (INI).', flag: '--config'},
  UNIQUEID_CPCONFIG: {meaning: 'CherryPy file (INI).', flag: '--cpconfig'},
  UNIQUEID_TOKEN: {meaning: 'Bearer token for the service, sent with --server.', flag: '--token'},
  NO_COLOR: {meaning: 'Disables colour, unless it is empty.', flag: null},
  FORCE_COLOR: {meaning: 'Enables colour outside a terminal; 0 disables it.', flag: null},
  CI: {meaning: 'Disables prompts, unless it is empty, 0 or false.', flag: null},
};

/** Our own prefix: every variable with it must be known. */
const PREFIX = 'UNIQUEID_';

/** Prefixes that other programs use too: only a nearly correct name is an error. */
const sharedPrefixes = ['PEEWEE_', 'DATABASE_CONNECT_'];

/** The address of a port, as Kubernetes and Docker write it. */
const serviceAddress = /^(?:tcp|udp|sctp):\/\/[^\s/]+:[0-9]+$/;

/**
 * Variables that Kubernetes sets in each pod for a Service named `uniqueid` or `uniqueid-…`, and Docker for a
 * link. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 */
const serviceVariables: readonly {readonly name: RegExp; readonly value?: RegExp}[] = [
  {name: /_SERVICE_(?:HOST|PORT|PORT_[A-Z0-9_]+)$/},
  {name: /_PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:ADDR|PORT|PROTO|START|END))?$/},
  {name: /_PORT$/, value: serviceAddress},
  {name: /^UNIQUEID_ENV_/},
  {name: /_NAME$/, value: /^\/[^/]+\/[^/]+$/},
];

/** Returns true if a variable describes a Service or a link, and is not a setting of ours. */
export function isServiceVariable(variable: string, value: string): boolean {
  return serviceVariables.some(
    (each) => each.name.test(variable) && (each.value === undefined || each.value.test(value)),
  );
}

/**
 * Rejects misspelt variables: an ignored `UNIQUEID_TOKEN_FILE` would serve without tokens. An empty value
 * counts as unset.
 *
 * @throws UniqueIDError `CONFIG_INVALID`; the message never holds the value, which may be a secret
 */
export function assertKnownVariables(env: Environment): void {
  const known = [...Object.values(settings).map((setting) => setting.env), ...Object.keys(otherVariables)];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || value === '') continue;
    const upper = name.toUpperCase();
    // Windows ignores case, so the proper name reads the same value.
    if (known.includes(upper) && env[upper] === value) continue;
    const prefix = [PREFIX, ...sharedPrefixes].find((each) => upper.startsWith(each));
    if (prefix === undefined || isServiceVariable(name, value)) continue;
    const suggestion = nearestVariable(upper, prefix, known);
    if (prefix === PREFIX || suggestion !== undefined) throw unknownVariable(name, suggestion);
  }
}

/** Compares only the part after the prefix: with the prefix, all short names are similar. */
function nearestVariable(name: string, prefix: string, known: readonly string[]): string | undefined {
  const candidates = known.filter((each) => each.startsWith(prefix)).map((each) => each.slice(prefix.length));
  const suggestion = nearest(name.slice(prefix.length), candidates);
  return suggestion === undefined ? undefined : `${prefix}${suggestion}`;
}

function unknownVariable(name: string, suggestion: string | undefined): UniqueIDError {
  const hint = suggestion === undefined ? '' : `Did you mean ${suggestion}? `;
  return new UniqueIDError('CONFIG_INVALID', `Unknown environment variable ${name}.`, {
    hint: `${hint}Correct or unset it; "uniqueid help environment" lists all variables.`,
  });
}
