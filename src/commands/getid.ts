import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {getidFlags} from '../cli/getid/flags.js';
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
    mode: Flags.string(getidFlags.mode),
    range: Flags.string(getidFlags.range),
    format: Flags.option(getidFlags.format)(),
    server: Flags.string(getidFlags.server),
    timeout: Flags.string(getidFlags.timeout),
    retries: Flags.string(getidFlags.retries),
    token: Flags.string(getidFlags.token),
  };

  async run(): Promise<void> {
    const {flags} = await this.parse(Getid);
    await runGetid({...flags, json: this.jsonEnabled()});
  }
}
