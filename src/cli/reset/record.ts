import {hostname, userInfo} from 'node:os';
import {changesOf, type ResetMove} from '../../lib/operations/reset.js';

/** The audit record of a reset. */
export interface ResetRecord {
  readonly at: string;
  readonly by: string;
  readonly database: string;
  readonly dryRun: boolean;
  readonly moves: readonly {
    readonly mode: string;
    readonly from: bigint | null;
    readonly to: bigint;
    readonly reissued: bigint;
    readonly backward: boolean;
    readonly changed: boolean;
  }[];
}

export function resetRecord(database: string, moves: readonly ResetMove[], dryRun: boolean): ResetRecord {
  const changes = changesOf(moves);
  return {
    at: new Date().toISOString(),
    by: operatorName(),
    database,
    dryRun,
    moves: moves.map((move) => ({
      mode: move.mode,
      from: move.from ?? null,
      to: move.to,
      reissued: move.reissued,
      backward: move.backward,
      changed: changes.includes(move) && !dryRun,
    })),
  };
}

/**
 * Formats the record for people: one line per counter, each complete in itself, so that a log can keep it.
 */
export function recordLines({at, by, database, dryRun, moves}: ResetRecord): string[] {
  const changes = changesOf(moves.map((move) => ({...move, from: move.from ?? undefined})));
  if (changes.length === 0) return ['Nothing to change.'];
  if (dryRun) return [`Would move ${changes.length === 1 ? '1 counter' : `${changes.length} counters`}.`];
  return changes.map(
    ({mode, from, to}) =>
      `${at} ${by} moved ${JSON.stringify(mode)} from ${from ?? 'a damaged value'} to ${to} in ${database}`,
  );
}

/** Returns user and host; under sudo, the user who ran sudo. */
function operatorName(): string {
  const sudo = process.env['SUDO_USER'];
  return `${sudo === undefined || sudo === '' ? loginName() : sudo}@${hostname()}`;
}

/** Returns the user's name, or the numeric id if it has no name, as in some containers. */
function loginName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
