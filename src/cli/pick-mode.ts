import search from '@inquirer/search';
import {checkMode} from '../lib/allocation/mode.js';
import {UniqueIDError} from '../lib/errors.js';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks which of the modes there are; typing narrows the list. */
export function pickMode(message: string, modes: readonly string[]): Promise<string> {
  return search({message, source: (term) => choices(modes, term)}, context);
}

/** Asks for one of the modes there are, or a new name. */
export function pickOrNameMode(modes: readonly string[]): Promise<string> {
  return search(
    {
      message: 'Take from which mode? (type to search, or a new name)',
      source: (term) => [...choices(modes, term), ...newMode(modes, term)],
      validate: (mode) => problemOf(mode) ?? true,
    },
    context,
  );
}

interface Choice {
  readonly name: string;
  readonly value: string;
}

function choices(modes: readonly string[], term: string | undefined): Choice[] {
  const wanted = (term ?? '').toLowerCase();
  return modes
    .filter((mode) => mode.toLowerCase().includes(wanted))
    .map((mode) => ({name: mode, value: mode}));
}

function newMode(modes: readonly string[], term: string | undefined): Choice[] {
  if (term === undefined || term === '' || modes.includes(term)) return [];
  return [{name: `${term} (a new mode)`, value: term}];
}

function problemOf(mode: string): string | undefined {
  try {
    checkMode(mode);
    return undefined;
  } catch (error) {
    if (error instanceof UniqueIDError) return error.message;
    throw error;
  }
}
