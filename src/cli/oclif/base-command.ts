import {Command} from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import {loadConfig, type ConfigFlags} from '../../lib/config/load.js';
import type {Config} from '../../lib/config/resolve.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';
import {globalFlags, jsonFlag} from '../getid/flags.js';
import {reportError} from '../process/report-error.js';
import {printExact, printLines} from '../process/stdout.js';
import {requestedExit, toUsageError} from './usage-errors.js';

/** Gives every command the global flags, exact output and the one way to report a failure. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  static override baseFlags = {
    config: Flags.string(globalFlags.config),
    database: Flags.string(globalFlags.database),
    // Replaces the help text of oclif's own flag.
    json: Flags.boolean(jsonFlag),
  };

  protected configure(flags: Readonly<Record<string, unknown>>): Config {
    const texts: Record<string, string> = {};
    for (const [name, value] of Object.entries(flags)) {
      if (typeof value === 'string') texts[name] = value;
    }
    return loadConfig(texts satisfies ConfigFlags, process.env);
  }

  /**
   * Prints one line for people, with hidden characters made visible, unless `--json` prints a document
   * instead.
   */
  override log(text = ''): void {
    this.logLines([visible(text)]);
  }

  /** Prints lines for people, unless `--json` prints a document instead. */
  protected logLines(lines: readonly Visible[]): void {
    if (!this.jsonEnabled()) printLines(lines);
  }

  /** Prints text unchanged: a command whose result holds bigints returns it as text from `exactJson`. */
  override logJson(value: unknown): void {
    printExact(`${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}\n`);
  }

  /** Returns whether `--json` is a flag; oclif would also obey an environment variable. */
  override jsonEnabled(): boolean {
    const end = this.argv.indexOf('--');
    return (end < 0 ? this.argv : this.argv.slice(0, end)).includes('--json');
  }

  /**
   * Reports every failure, because oclif loses exit statuses under `--json` and prints stack traces without
   * it.
   */
  protected override catch(thrown: Error): Promise<void> {
    // oclif warns about a command that parsed nothing, even if parsing failed.
    this.parsed = true;
    const exit = requestedExit(thrown);
    if (exit === undefined) reportError(toUsageError(thrown, this.id), this.jsonEnabled());
    else process.exitCode = exit;
    return Promise.resolve();
  }
}
