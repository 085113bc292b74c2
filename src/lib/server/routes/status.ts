import {queueFull, regressed} from '../../allocation/rejections.js';
import {exactJson} from '../../util/exact-json.js';
import {UniqueIDError} from '../../core/errors.js';
import {ageOf} from '../../operations/issued.js';
import {statusDocument} from '../../operations/status-document.js';
import {readStatus, type DatabaseStatus, type ModePage} from '../../operations/database-status.js';
import type {Store} from '../../store/store.js';
import type {Allocator} from '../../allocation/allocator.js';
import {version} from '../../util/version.js';
import {MAX_WAITING, SharedWork} from '../../util/shared-work.js';
import type {HighestCounters} from '../observability/highest-counters.js';

/** Default and maximum number of modes in one answer: one answer must not delay the others. */
export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;

/** Total bytes of the mode names in one answer: an answer that its client does not read stays in memory. */
const MAX_NAMES_BYTES = 65_536;

/** Bounds the warnings about quarantined modes; a long list would hide other warnings. */
const MAX_QUARANTINE_WARNINGS = 5;

/** Answers `GET /status`: the state of the database, and what this process has issued. */
export class ServiceStatus {
  readonly #store: Store;
  readonly #allocator: Allocator;
  readonly #reads = new SharedWork<string>(() => queueFull(MAX_WAITING));
  readonly #highest: HighestCounters;

  constructor(store: Store, allocator: Allocator, highest: HighestCounters) {
    this.#store = store;
    this.#allocator = allocator;
    this.#highest = highest;
  }

  /** @throws UniqueIDError (as a rejection) `INVALID_REQUEST`, `QUEUE_FULL`, `DATABASE_*` */
  async answer(query: string): Promise<string> {
    const page = parsePage(query);
    return this.#reads.run(JSON.stringify([page.modes, page.after, page.limit]), () => this.#read(page));
  }

  async #read(page: ModePage): Promise<string> {
    const status = boundNames(await readStatus(this.#store, page, () => this.#highest.read()));
    const {guard} = this.#allocator;
    const regressions = guard.regressions();
    const raised = new Set(guard.raised.recent().map(({mode}) => guard.marks.keyOf(mode)));
    const {location} = this.#store;
    const warnings = regressions
      .slice(0, MAX_QUARANTINE_WARNINGS)
      .map((regression) => regressed(regression, location))
      .map(({message, hint = ''}) => `${message} ${hint}`);
    const {path} = guard.memory;
    const allWarnings = [...warnings, ...guard.warnings(), ...status.database.warnings];
    const database = {...status.database, warnings: allWarnings};
    const document = statusDocument({...status, database}, version, {
      guardFile: path === undefined ? undefined : {path, ageSeconds: ageOf(path)},
      service: {
        uptimeSeconds: Math.round(process.uptime() * 10) / 10,
        highWaterMark: (mode) => guard.highWaterMark(mode),
        isQuarantined: (mode) => guard.isQuarantined(mode),
        isRaised: (mode) => raised.has(guard.marks.keyOf(mode)),
      },
    });
    return exactJson(document);
  }
}

/** Cuts the list if its names get too long; the rest follows on the next page. */
function boundNames(status: DatabaseStatus): DatabaseStatus {
  let bytes = 0;
  const end = status.modes.findIndex(({mode}, index) => {
    bytes += Buffer.byteLength(mode);
    return index > 0 && bytes > MAX_NAMES_BYTES;
  });
  return end < 0 ? status : {...status, modes: status.modes.slice(0, end), more: true};
}

/** Quotes text of a client, cut to a length that an error may repeat. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

/** @throws UniqueIDError `INVALID_REQUEST` */
export function parsePage(query: string): ModePage {
  const parameters = new URLSearchParams(query);
  const limit = parameters.get('limit') ?? String(DEFAULT_LIMIT);
  if (!/^[0-9]{1,6}$/.test(limit) || Number(limit) > MAX_LIMIT) {
    throw new UniqueIDError(
      'INVALID_REQUEST',
      `limit must be a whole number from 0 to ${MAX_LIMIT}, not ${quote(limit)}.`,
      {
        hint: 'Use after=MODE, the last mode of the previous answer, to list further modes.',
      },
    );
  }
  const mode = parameters.get('mode');
  return {
    modes: mode === null ? undefined : [mode],
    after: parameters.get('after') ?? undefined,
    limit: Number(limit),
  };
}
