import type {ResetMove} from '../lib/allocation/reset.js';
import type {AskOptions} from '../lib/client/ask-service.js';
import {readServiceStatus} from '../lib/client/service-status.js';
import {UniqueIDError} from '../lib/errors.js';
import {grouped} from './numbers.js';

/**
 * Asks running services whether they have handed out what a reset would hand out again.
 *
 * @throws UniqueIDError `REFUSED` where one has; `REMOTE_FAILED` where one does not tell
 */
export async function assertNotIssued(
  servers: readonly string[],
  moves: readonly ResetMove[],
  options: AskOptions,
): Promise<void> {
  for (const server of servers) {
    for (const {mode, to} of moves) {
      const {modes} = await readServiceStatus(server, options, {mode});
      const issued = modes.find((each) => each.mode === mode)?.issued;
      if (issued === undefined || issued === null || issued <= to) continue;
      throw new UniqueIDError(
        'REFUSED',
        `The service at ${server} has handed out integers of mode ${JSON.stringify(mode)} up to ${grouped(issued - 1n)}; nothing was changed.`,
        {hint: `Reset to ${issued} or higher, or stop that service first and leave --server out.`},
      );
    }
  }
}
