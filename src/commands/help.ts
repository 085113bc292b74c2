import {string as textArg} from '@oclif/core/args';
import {formatEntries} from '../cli/help/entries.js';
import {helpTopics, isHelpTopic} from '../cli/help/topics.js';
import {BaseCommand} from '../cli/oclif/base-command.js';
import {findCommand, readManifest} from '../cli/oclif/manifest.js';
import {unknownCommandError} from '../cli/oclif/usage-errors.js';

const topicNames = Object.keys(helpTopics);

export default class Help extends BaseCommand {
  static override summary = 'Show the help of a command, or of exit-codes or environment.';

  static override description =
    'Topics: exit-codes lists the exit statuses, environment the environment variables.';

  static override usage = `<%= command.id %> [COMMAND|${topicNames.join('|')}]`;

  static override examples = [
    {description: 'Show the help of getid', command: '<%= config.bin %> <%= command.id %> getid'},
    ...Object.entries(helpTopics).map(([name, {summary}]) => ({
      description: summary.replace(/\.$/, ''),
      command: `<%= config.bin %> <%= command.id %> ${name}`,
    })),
  ];

  static override args = {
    subject: textArg({required: false, ignoreStdin: true, description: 'Command or topic.'}),
  };

  /** The command line is rewritten to `COMMAND --help` before, unless it needs a topic or JSON. */
  async run(): Promise<object> {
    const {args} = await this.parse(Help);
    const {subject} = args;
    const manifest = readManifest();
    if (subject !== undefined && isHelpTopic(subject)) {
      const topic = helpTopics[subject];
      this.logLines(formatEntries(topic.entries(), process.stdout.columns || undefined));
      return topic.document();
    }
    if (subject !== undefined && findCommand(manifest, subject) === undefined)
      throw unknownCommandError(subject, [...Object.keys(manifest.commands), ...topicNames]);
    const commands = Object.entries(manifest.commands).filter(([name]) => (subject ?? name) === name);
    return {
      commands: commands.map(([name, {summary = '', flags}]) => ({
        name,
        summary,
        flags: Object.values(flags).map((flag) => ({
          name: `--${flag.name}`,
          char: flag.char === undefined ? null : `-${flag.char}`,
          value: flag.type === 'boolean' ? null : (flag.helpValue ?? flag.options?.join('|') ?? 'VALUE'),
          summary: flag.summary ?? '',
        })),
      })),
      topics: topicNames,
    };
  }
}
