import type {Config} from '../../lib/config/resolve.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import type {OpenOptions, Store} from '../../lib/store/store.js';
import {connect, connectIfServable, withStore, type CommandOutput} from './connect.js';

export interface CommandInteraction extends CommandOutput {
  readonly canPrompt: boolean;
}

/**
 * Connects to a database that integers may be allocated from. If it is missing or too old, offers to run
 * dbsync if it can prompt; a script gets an error with that hint.
 *
 * @throws UniqueIDError `DATABASE_MISSING` or `SCHEMA_*`
 */
export async function connectOrOfferSync(
  config: Config,
  interaction: CommandInteraction,
  options: OpenOptions = {},
): Promise<Store> {
  try {
    return await connectIfServable(config, interaction, options);
  } catch (error) {
    if (!interaction.canPrompt || !(error instanceof UniqueIDError) || !canSync(error)) throw error;
    interaction.limit?.lift();
    const {askYesNo} = await import('../terminal/prompts.js');
    interaction.print(error.message);
    const question =
      error.code === 'SCHEMA_TOO_OLD'
        ? 'Upgrade it now? Every counter is kept.'
        : 'Create it now? Every mode starts at first_index.';
    if (!(await askYesNo(question))) throw error;
    const {syncWithTasks} = await import('./tasks.js');
    await withStore(connect(config, interaction, {create: true}), (store) =>
      syncWithTasks(store, {silent: false}),
    );
    return connectIfServable(config, interaction, options);
  }
}

function canSync({code}: UniqueIDError): boolean {
  return code === 'DATABASE_MISSING' || code === 'SCHEMA_MISSING' || code === 'SCHEMA_TOO_OLD';
}
