import {string as textArg} from '@oclif/core/args';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {completionInstall, completionScripts, shells} from '../cli/completion/scripts.js';
import {printExact} from '../cli/process/stdout.js';
import {UniqueIDError} from '../lib/core/errors.js';

export default class Completion extends BaseCommand {
  static override summary = 'Print a script that lets a shell complete commands, flags and modes.';

  static override description = 'Open a new shell after it is installed.';

  static override usage = '<%= command.id %> bash|zsh|fish';

  static override examples = shells.map((shell) => ({
    description: `Install it for ${shell}`,
    command: completionInstall[shell],
  }));

  static override args = {
    shell: textArg({required: false, ignoreStdin: true, description: `The shell: ${shells.join(', ')}.`}),
  };

  async run(): Promise<{shell: string; script: string}> {
    const {args} = await this.parse(Completion);
    const shell = shells.find((known) => known === args.shell);
    if (shell === undefined) {
      const problem =
        args.shell === undefined
          ? 'No shell is named'
          : `There is no script for ${JSON.stringify(args.shell)}`;
      throw new UniqueIDError('USAGE', `${problem}.`, {hint: `Run: uniqueid completion ${shells.join('|')}`});
    }
    if (!this.jsonEnabled()) printExact(completionScripts[shell]);
    return {shell, script: completionScripts[shell]};
  }
}
