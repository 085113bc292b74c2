import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {defaultFormat, defaultRange, formats} from '../cli/getid/flags.js';
import {runGetid} from '../cli/getid/run.js';

export default class Getid extends BaseCommand {
  static override summary = 'Take a range of unique integers.';

  static override description =
    'Prints one line, the same JSON as the answer of the REST API. The integers are yours once it is printed: nobody else is ever given them.';

  static override usage = '<%= command.id %> [-m MODE] [-r N] [--format json|plain|list] [--server URL]';

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
      helpValue: 'MODE',
      summary: 'The counter to take from, such as file; asked for on a terminal.',
    }),
    range: Flags.string({char: 'r', default: defaultRange, helpValue: 'N', summary: 'How many integers.'}),
    format: Flags.option({
      options: formats,
      default: defaultFormat,
      summary: 'json as the REST API, plain "start end", or list with an integer a line.',
    })(),
    server: Flags.string({
      helpValue: 'URL',
      exclusive: ['database'],
      summary: 'Ask a running service instead of the database.',
    }),
    timeout: Flags.string({
      helpValue: 'SECONDS',
      summary: 'Give up after so long, connecting included (default: request_timeout once connected).',
    }),
    retries: Flags.string({
      helpValue: 'N',
      dependsOn: ['server'],
      summary: 'How often to ask a service again that is away or too busy (default 3).',
    }),
    token: Flags.string({
      helpValue: 'TOKEN',
      dependsOn: ['server'],
      summary: 'Token for a service that asks for one.',
      description: 'Safer in UNIQUEID_TOKEN: other users can see flags.',
    }),
  };

  async run(): Promise<void> {
    const {flags} = await this.parse(Getid);
    await runGetid({...flags, json: this.jsonEnabled()});
  }
}
