import type {IdRange} from '../../lib/core/range.js';
import {requestRange} from '../../lib/client/request.js';
import type {Settings} from '../../lib/config/settings.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {readServiceStatus} from '../../lib/client/service-status.js';
import type {GetidOptions} from './flags.js';

/** Allocates a range from a running service, and prompts for the mode if no flag names one. */
export async function allocateRemotely(
  server: string,
  mode: string | undefined,
  count: bigint,
  {retries = '3', token = process.env['UNIQUEID_TOKEN']}: GetidOptions,
  {requestTimeoutMs: timeoutMs}: Settings,
): Promise<IdRange> {
  const options = {timeoutMs, retries: parseRetries(retries), token};
  return requestRange([server], mode ?? (await askForMode()), count, options);

  async function askForMode(): Promise<string> {
    const {modes} = await readServiceStatus(server, options);
    const {pickOrNameMode} = await import('../terminal/pick-mode.js');
    return pickOrNameMode(modes.map((each) => each.mode));
  }
}

function parseRetries(text: string): number {
  if (/^[0-9]{1,3}$/.test(text)) return Number(text);
  throw new UniqueIDError(
    'USAGE',
    `--retries must be a whole number from 0 to 999, not ${JSON.stringify(text)}.`,
    {
      hint: 'Omit it for the default of 3.',
    },
  );
}
