import {Command} from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import {loadConfig, type ConfigFlags} from '../lib/config/load.js';
import type {Config} from '../lib/config/resolve.js';
import {toUniqueIDError, UniqueIDError} from '../lib/errors.js';
import {describeFailure, formatFailure} from './failure.js';
import {wantsColour} from './terminal.js';

/** What all commands share: the global flags, and how a failure ends. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    config: Flags.string({
      char: 'c',
      helpGroup: 'GLOBAL',
      helpValue: 'FILE',
      summary: 'Service file (INI).',
      description: 'Also UNIQUEID_CONFIG; else ~/.pacifica-uniqueid/config.ini, if it is there.',
    }),
    database: Flags.string({
      helpGroup: 'GLOBAL',
      helpValue: 'URL',
      summary: 'Database URL, such as sqliteext:///db.sqlite3.',
      description:
        'Also PEEWEE_URL; else peewee_url in the service file. A password is safer in one of those: other users can see flags.',
    }),
  };

  /** Resolves the configuration from the flags that were parsed, the environment and the files. */
  protected configure(flags: Readonly<Record<string, unknown>>): Config {
    const texts: Record<string, string> = {};
    for (const [name, value] of Object.entries(flags)) {
      if (typeof value === 'string') texts[name] = value;
    }
    return loadConfig(texts satisfies ConfigFlags, process.env);
  }

  /** Writes talk: what a person wants to know and a script does not. */
  protected say(line: string): void {
    process.stderr.write(`${line}\n`);
  }

  /** A command whose result holds bigints returns it as text, made by `exactJson`: it is written as it is. */
  override logJson(value: unknown): void {
    process.stdout.write(`${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
  }

  /**
   * Every failure ends here, with and without `--json`: oclif alone loses exit statuses under `--json` and
   * prints stack traces without it.
   */
  protected override catch(thrown: Error & {exitCode?: number}): Promise<void> {
    const error = isPromptExit(thrown)
      ? new UniqueIDError('INTERRUPTED', 'Interrupted; nothing was changed.')
      : ofUsage(thrown);
    process.exitCode = error.exitStatus;
    if (this.jsonEnabled()) this.logJson({error: describeFailure(error)});
    else this.say(formatFailure(error, wantsColour(process.stderr, process.env)));
    return Promise.resolve();
  }
}

/** oclif's own errors about the command line carry exit status 2. */
function ofUsage(thrown: Error): UniqueIDError {
  const {oclif} = thrown as Error & {oclif?: {exit?: number}};
  if (oclif?.exit !== 2) return toUniqueIDError(thrown);
  const [first = '', ...rest] = thrown.message
    .split('\n')
    .filter((line) => !line.trim().startsWith('See more help'));
  const message = [first, ...rest.map((line) => line.trim())].filter((line) => line !== '').join(' ');
  return new UniqueIDError('USAGE', message, {hint: 'Run the command with --help to see how it is used.'});
}

/** Inquirer's way to say that Ctrl-C was pressed at a question. */
function isPromptExit(thrown: Error): boolean {
  return thrown.name === 'ExitPromptError';
}
