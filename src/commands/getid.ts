import * as Flags from '@oclif/core/flags';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {getidFlags, getidSwitches} from '../cli/getid/flags.js';
import {runGetid} from '../cli/getid/run.js';

export default class Getid extends BaseCommand {
  static override summary = 'Allocate a range of unique integers.';

  static override description =
    'Prints the range on one line, in the JSON form of the REST API. Once it is printed, the integers ' +
    'are yours: no other client ever gets them.';

  static override usage =
    '<%= command.id %> [-m MODE] [-r N] [--existing] [--format json|plain|list] [--server URL | --local]';

  static override examples = [
    {
      description: 'Allocate ten integers for files',
      command: '<%= config.bin %> <%= command.id %> --mode file --range 10',
    },
    {
      description: 'Allocate one integer; print start and end as plain text',
      command: '<%= config.bin %> <%= command.id %> -m file --format plain',
    },
    {
      description: 'Print one integer per line, for a shell loop',
      command: '<%= config.bin %> <%= command.id %> -m file -r 3 --format list',
    },
    {
      description: 'Allocate from a running service',
      command: '<%= config.bin %> <%= command.id %> -m file --server http://127.0.0.1:8051',
    },
  ];

  static override flags = {
    mode: Flags.string(getidFlags.mode),
    range: Flags.string(getidFlags.range),
    existing: Flags.boolean(getidSwitches.existing),
    format: Flags.option(getidFlags.format)(),
    server: Flags.string(getidFlags.server),
    local: Flags.boolean(getidSwitches.local),
    timeout: Flags.string(getidFlags.timeout),
    retries: Flags.string(getidFlags.retries),
    token: Flags.string(getidFlags.token),
  };

  async run(): Promise<void> {
    const {flags} = await this.parse(Getid);
    await runGetid({...flags, json: this.jsonEnabled()});
  }
}
