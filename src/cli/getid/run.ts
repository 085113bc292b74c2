import type {SendOptions} from '../../lib/client/send-request.js';
import {readServiceStatus} from '../../lib/client/service-status.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import type {Store} from '../../lib/store/store.js';
import {connectOrOfferSync} from '../database/connect-or-offer-sync.js';
import type {GetidOptions} from './flags.js';
import {writeRange} from './output.js';
import {allocateLocally} from './local.js';
import {parseGetid} from './request.js';
import {allocateRemotely} from './remote.js';
import {canPrompt} from '../terminal/traits.js';
import type {TimeLimit} from '../process/time-limit.js';

/** Allocates a range from the database or a service, and prints it; prompts for a missing mode. */
export async function runGetid(options: GetidOptions): Promise<void> {
  const request = parseGetid(options);
  const {mode, server, format} = request;
  const isInteractive = canPrompt(options.json);
  if (mode === undefined && !isInteractive) throw missingModeError();
  const range =
    server === undefined
      ? await allocateLocally(request, {
          connect: (settings, output) => connectOrOfferSync(settings, {...output, canPrompt: isInteractive}),
          chooseMode: (store, limit) => askForLocalMode(store, limit, options.existing === true),
        })
      : await allocateRemotely(request, server, (sendOptions) =>
          askForRemoteMode(server, sendOptions, options.existing === true),
        );
  await writeRange(range, format);
}

/** A person does not scroll through a longer list. */
const MAX_OFFERED_MODES = 10_000;

async function askForLocalMode(
  store: Store,
  limit: TimeLimit | undefined,
  mustExist: boolean,
): Promise<string> {
  const counters = await store.counters({limit: MAX_OFFERED_MODES});
  limit?.lift();
  return askForMode(counters, mustExist);
}

async function askForRemoteMode(server: string, options: SendOptions, mustExist: boolean): Promise<string> {
  const {modes} = await readServiceStatus(server, options, {limit: MAX_OFFERED_MODES});
  return askForMode(modes, mustExist);
}

async function askForMode(listed: readonly {readonly mode: string}[], mustExist: boolean): Promise<string> {
  const {pickMode, pickOrNameMode} = await import('../terminal/pick-mode.js');
  const modes = listed.map(({mode}) => mode);
  return mustExist ? pickMode('Which mode? (type to search)', modes) : pickOrNameMode(modes);
}

function missingModeError(): UniqueIDError {
  return new UniqueIDError('USAGE', 'No mode given.', {
    hint: 'Pass --mode MODE, such as --mode file; a terminal prompts for it.',
  });
}
