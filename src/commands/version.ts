import {BaseCommand} from '../cli/oclif/base-command.js';
import {sqliteVersion} from '../lib/store/sqlite/native.js';
import {version} from '../lib/util/version.js';

export default class Version extends BaseCommand {
  static override summary = 'Print the version.';

  static override description = '--json adds the versions of Node.js and SQLite, and the platform.';

  static override usage = '<%= command.id %> [--json]';

  static override examples = [
    {description: 'Print the version', command: '<%= config.bin %> <%= command.id %>'},
    {
      description: 'Print all versions, for a bug report',
      command: '<%= config.bin %> <%= command.id %> --json',
    },
  ];

  async run(): Promise<object> {
    await this.parse(Version);
    this.log(`uniqueid ${version}`);
    return {
      version,
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
      sqlite: sqliteVersion() ?? null,
    };
  }
}
