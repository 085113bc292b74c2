import type {RegressionGuard} from '../../allocation/guard/regression-guard.js';
import {isUseShown} from '../../operations/mode-list.js';
import type {ModeHistory, ModePageDocument, ModeRow, Sample} from './document.js';
import type {ModeHistories} from './mode-histories.js';
import {statusOf, type ListedMode, type ModeTable} from './mode-table.js';
import type {DashboardQuery} from './query.js';

const PAGE_SIZE = 20;

/** A mode that lasts longer is no concern. */
const SHOWN_END_MS = 10 * 365.25 * 86_400_000;

export interface ModeRowDeps {
  readonly table: ModeTable;
  readonly histories: ModeHistories;
  readonly guard: RegressionGuard;
}

/** Returns one page of the modes; `null` until the table was read. */
export async function modePage(query: DashboardQuery, deps: ModeRowDeps): Promise<ModePageDocument | null> {
  const {table, guard} = deps;
  if (table.list === undefined) return null;
  const isRaised = raisedModes(guard);
  const found = await table.find(query, (mode) => guard.isQuarantined(mode) || isRaised(mode));
  const lastPage = Math.max(1, Math.ceil(found.length / PAGE_SIZE));
  const offset = (Math.min(query.page, lastPage) - 1) * PAGE_SIZE;
  return {
    total: table.list.length,
    matching: found.length,
    offset,
    pageSize: PAGE_SIZE,
    isPartial: table.isPartial,
    rows: found.slice(offset, offset + PAGE_SIZE).map((mode) => toRow(mode, isRaised, deps)),
  };
}

/**
 * Returns a mode with its own samples, which are recorded from now on.
 *
 * @returns `null` if the mode does not exist or none is named
 */
export function modeHistory(
  name: string | undefined,
  samples: readonly Sample[],
  deps: ModeRowDeps,
): ModeHistory | null {
  const {table, histories} = deps;
  const listed = name === undefined ? undefined : table.get(name);
  if (listed === undefined) return null;
  const rates = histories.watch(listed.mode, samples.length);
  const history = samples.map(([time], index) => {
    const rate = rates[index] ?? null;
    return [time, rate === null ? null : Number(rate.toPrecision(4))] as const;
  });
  return {...toRow(listed, raisedModes(deps.guard), deps), history};
}

/** Returns a test for modes whose counters went backwards lately and were raised. */
function raisedModes({marks, raised}: RegressionGuard): (mode: string) => boolean {
  const keys = new Set(raised.recent().map(({mode}) => marks.keyOf(mode)));
  // A key costs more than the test, and mostly no counter went backwards.
  return (mode) => keys.size > 0 && keys.has(marks.keyOf(mode));
}

function toRow(
  {mode, next, rate, isWarned}: ListedMode,
  isRaised: (mode: string) => boolean,
  {histories, guard}: Omit<ModeRowDeps, 'table'>,
): ModeRow {
  const status = statusOf(mode, next);
  const isQuarantined = guard.isQuarantined(mode);
  return {
    mode,
    next: next === null ? null : String(next),
    rate: rate === null ? null : Number(rate.toPrecision(4)),
    usedShare: isUseShown(status) ? status.usedShare : null,
    runsOutAt: endOf(status.remaining, rate),
    isWarned: isWarned || isQuarantined || isRaised(mode),
    isQuarantined,
    isRaised: isRaised(mode),
    spark: histories.spark(mode),
  };
}

function endOf(remaining: bigint | null, rate: number | null): number | null {
  if (remaining === null || rate === null || rate <= 0) return null;
  const leftMs = (Number(remaining) / rate) * 1000;
  return leftMs > SHOWN_END_MS ? null : Math.round(Date.now() + leftMs);
}
