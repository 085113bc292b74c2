import {string as textArg} from '@oclif/core/args';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {completionInstall, completionScripts, shells} from '../cli/completion/scripts.js';
import {printExact} from '../cli/process/stdout.js';
import {UniqueIDError} from '../lib/core/errors.js';
import {quoteTyped} from '../lib/util/text/redact.js';

export default class Completion extends BaseCommand {
  static override summary = 'Print a shell completion script.';

  static override description =
    'Completes commands, flags and modes. Open a new shell after you install the script. ' +
    'For zsh, ~/.zshrc needs this line before: fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit';

  static override usage = '<%= command.id %> bash|zsh|fish';

  static override examples = shells.map((shell) => ({
    description: `Install completion for ${shell}`,
    command: completionInstall[shell],
  }));

  static override args = {
    shell: textArg({
      required: false,
      ignoreStdin: true,
      description: `Shell to print the script for: ${shells.join(', ')}.`,
    }),
  };

  async run(): Promise<{shell: string; script: string}> {
    const {args} = await this.parse(Completion);
    const shell = shells.find((known) => known === args.shell);
    if (shell === undefined) {
      const problem = args.shell === undefined ? 'No shell given' : `Unknown shell ${quoteTyped(args.shell)}`;
      throw new UniqueIDError('USAGE', `${problem}.`, {hint: `Run: uniqueid completion ${shells.join('|')}`});
    }
    if (!this.jsonEnabled()) printExact(completionScripts[shell]);
    return {shell, script: completionScripts[shell]};
  }
}
