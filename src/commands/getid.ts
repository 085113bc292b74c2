import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/base-command.js';
import {connectSafely, withStore} from '../cli/database.js';
import {writeIds} from '../cli/id-output.js';
import {canPrompt} from '../cli/terminal.js';
import {Allocator} from '../lib/allocation/allocator.js';
import {checkMode} from '../lib/allocation/mode.js';
import {parseRange} from '../lib/allocation/range.js';

export default class Getid extends BaseCommand {
  static override summary = 'Take a range of unique integers.';

  static override description =
    'Prints one line, the same JSON as the answer of the REST API. The integers are yours once it is printed: nobody else is ever given them.';

  static override examples = [
    {
      description: 'Ten integers for files',
      command: '<%= config.bin %> <%= command.id %> --mode file --range 10',
    },
    {
      description: 'One integer, start and end in plain text',
      command: '<%= config.bin %> <%= command.id %> -m file --format plain',
    },
    {
      description: 'An integer a line, for a loop in a shell',
      command: '<%= config.bin %> <%= command.id %> -m file -r 3 --format list',
    },
    {
      description: 'From a running service',
      command: '<%= config.bin %> <%= command.id %> -m file --server http://127.0.0.1:8051',
    },
  ];

  static override flags = {
    mode: Flags.string({
      char: 'm',
      required: true,
      helpValue: 'MODE',
      summary: 'The counter to take from, such as file.',
    }),
    range: Flags.string({char: 'r', default: '1', helpValue: 'N', summary: 'How many integers.'}),
    format: Flags.option({
      options: ['json', 'plain', 'list'] as const,
      default: 'json' as const,
      summary: 'json as the REST API, plain "start end", or list with an integer a line.',
    })(),
    server: Flags.string({
      helpValue: 'URL',
      exclusive: ['database'],
      summary: 'Ask a running service instead of the database.',
    }),
  };

  async run(): Promise<void> {
    const {flags} = await this.parse(Getid);
    const config = this.configure(flags);
    const {settings} = config;
    const mode = checkMode(flags.mode);
    const range = parseRange(flags.range, settings.maxRange);
    if (flags.server !== undefined) {
      const {requestRange} = await import('../lib/client/request.js');
      const taken = await requestRange(flags.server, mode, range, settings.requestTimeoutMs);
      await writeIds(taken, this.jsonEnabled() ? 'json' : flags.format);
      return;
    }
    const talk = {say: this.say.bind(this), mayAsk: canPrompt(this.jsonEnabled())};
    const taken = await withStore(connectSafely(config, talk), (store) =>
      new Allocator(store, settings).allocate(mode, range),
    );
    await writeIds(taken, this.jsonEnabled() ? 'json' : flags.format);
  }
}
