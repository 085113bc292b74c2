import {BaseCommand} from '../cli/base-command.js';
import {colours} from '../cli/colour.js';
import {connect, withStore} from '../cli/database.js';
import {describeFailure} from '../cli/failure.js';
import {statusLines} from '../cli/status-screen.js';
import {exactJson} from '../lib/exact-json.js';
import {readStatus} from '../lib/store/status.js';
import {version} from '../lib/version.js';

export default class Status extends BaseCommand {
  static override summary = 'Show the database, its schema and every counter.';

  static override description =
    'Changes nothing. Exits 0 if integers may be allocated, 3 if the schema is missing, too old or too new, 4 if the database is unavailable: fit for a monitoring probe.';

  static override examples = [
    {description: 'For a person', command: '<%= config.bin %> <%= command.id %>'},
    {description: 'For a script', command: '<%= config.bin %> <%= command.id %> --json'},
  ];

  async run(): Promise<string> {
    const {flags} = await this.parse(Status);
    const config = this.configure(flags);
    const talk = {say: this.say.bind(this), mayAsk: false};
    const status = await withStore(connect(config, talk, {readOnly: true}), readStatus);
    const {problem} = status.schema;
    if (problem !== undefined) process.exitCode = problem.exitStatus;
    for (const line of statusLines(status, process.stdout.columns, colours(process.stdout))) this.log(line);
    return exactJson({
      version,
      database: status.database,
      schema: {...status.schema, problem: problem === undefined ? null : describeFailure(problem)},
      modes: status.modes,
    });
  }
}
