import {string as textArg} from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {printNotice} from '../cli/process/stderr.js';
import {assertStdoutOpen, setLossMessage} from '../cli/process/stdout.js';
import {formatSection, makeToken} from '../cli/token/section.js';
import {appendSection} from '../cli/token/tokens-file.js';
import {UniqueIDError} from '../lib/core/errors.js';

const RELOAD = 'Then send SIGHUP to the service.';

interface Made {
  readonly name: string;
  readonly token: string;
  readonly section: string;
  /** The file that gets the section; `undefined` to print it. */
  readonly file: string | undefined;
}

export default class Token extends BaseCommand {
  static override summary = 'Make a token for a client of the service.';

  static override description =
    'Prints the token once, then its section for the tokens file, which holds only the hash. With --write ' +
    'the section is appended to the file instead. Give the token to its holder; it cannot be read again.';

  static override usage = '<%= command.id %> NAME [--modes LIST] [--max-range N] [--write [--file FILE]]';

  static override examples = [
    {description: 'Make a token and its section', command: '<%= config.bin %> <%= command.id %> ingest'},
    {
      description: 'Add it to the tokens file, with limits',
      command: `<%= config.bin %> <%= command.id %> ingest --modes 'file, upload_*' --max-range 1000 --write`,
    },
  ];

  static override args = {
    name: textArg({required: false, ignoreStdin: true, description: 'Holder of the token, such as ingest.'}),
  };

  static override flags = {
    modes: Flags.string({
      helpValue: 'LIST',
      summary: "Modes that the token may use, such as 'file, upload_*' (default: all).",
    }),
    'max-range': Flags.string({
      helpValue: 'N',
      summary: 'Largest range of one request (default: the limit of the service).',
    }),
    write: Flags.boolean({summary: 'Append the section to the tokens file.'}),
    file: Flags.string({
      helpValue: 'FILE',
      dependsOn: ['write'],
      summary: 'Tokens file (default: tokens_file of the configuration).',
    }),
  };

  async run(): Promise<object> {
    const {args, flags} = await this.parse(Token);
    const {name} = args;
    if (name === undefined)
      throw new UniqueIDError('USAGE', 'No name given.', {hint: 'Run: uniqueid token NAME'});
    const token = makeToken();
    const section = formatSection(name, token, {modes: flags.modes, maxRange: flags['max-range']});
    const file = flags.write ? (flags.file ?? this.#configuredFile(flags)) : undefined;
    assertStdoutOpen();
    this.#show({name, token, section, file});
    return {name, token, section, file: file ?? null};
  }

  #configuredFile(flags: Readonly<Record<string, unknown>>): string {
    const {tokensFile} = this.configure({config: flags['config']}).settings;
    if (tokensFile !== undefined) return tokensFile;
    throw new UniqueIDError('USAGE', '--write needs a file: tokens_file is not set.', {
      hint: 'Pass --file FILE, or set tokens_file in [uniqueid].',
    });
  }

  #show({name, token, section, file}: Made): void {
    if (file === undefined) {
      setLossMessage('The token could not be written to stdout');
      for (const line of [token, '', ...section.trimEnd().split('\n')]) this.log(line);
      this.#explain(`Append the section to tokens_file. ${RELOAD}`);
      return;
    }
    const isNew = appendSection(file, name, section);
    setLossMessage(`[${name}] was added to ${file}, but the token could not be written to stdout`);
    this.log(token);
    this.#explain(`${isNew ? 'Made' : 'Changed'} ${file}: it has a section [${name}] now. ${RELOAD}`);
  }

  #explain(next: string): void {
    if (!this.jsonEnabled())
      printNotice(`Give the token to its holder: it is not stored and cannot be shown again. ${next}`);
  }
}
