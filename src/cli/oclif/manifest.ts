import {createRequire} from 'node:module';

/** The part of oclif's manifest that this program reads: every command with its flags. */
export interface Manifest {
  readonly commands: Readonly<Record<string, ManifestCommand>>;
}

export interface ManifestCommand {
  readonly summary?: string;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
}

export interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: 'boolean' | 'option';
  readonly summary?: string;
  /** The placeholder of the value in help texts, such as `FILE`; `[SECONDS]` for an optional one. */
  readonly helpValue?: string;
  readonly options?: readonly string[];
  readonly multiple?: boolean;
}

export function readManifest(): Manifest {
  return createRequire(import.meta.url)('uniqueid/oclif.manifest.json') as Manifest;
}

/** Returns the description of a command; `undefined` for any other word. */
export function findCommand({commands}: Manifest, name: string): ManifestCommand | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

/** Returns the flag that a word such as `--mode` or `-m` names. */
export function findFlag(word: string, flags: readonly ManifestFlag[]): ManifestFlag | undefined {
  return flags.find(({name, char}) => word === `--${name}` || (char !== undefined && word === `-${char}`));
}
