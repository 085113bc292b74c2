import {errorTable, exitStatuses} from '../../lib/core/errors.js';
import type {HelpEntry} from './entries.js';

interface ExitStatus {
  readonly status: number;
  readonly meaning: string;
  /** The error codes that end a command with this status. */
  readonly codes: readonly string[];
}

export function exitStatusList(): readonly ExitStatus[] {
  const codes = Object.entries(errorTable);
  return Object.entries(exitStatuses).map(([status, meaning]) => ({
    status: Number(status),
    meaning,
    codes: codes.filter(([, {exit}]) => exit === Number(status)).map(([code]) => code),
  }));
}

export function exitStatusTexts(): readonly HelpEntry[] {
  return exitStatusList().map(({status, meaning, codes}) => ({
    title: `${String(status).padStart(3)}  ${meaning}`,
    text: codes.join(', '),
  }));
}
