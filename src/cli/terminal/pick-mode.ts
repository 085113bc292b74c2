import search from '@inquirer/search';
import {parseMode} from '../../lib/core/mode.js';
import {UniqueIDError} from '../../lib/core/errors.js';
import {visible, type Visible} from '../../lib/util/text/visible.js';

/** Questions go to stderr: stdout is for data. */
const context = {output: process.stderr};

/** Asks for one of the existing modes; typing narrows the list. */
export function pickMode(message: string, modes: readonly string[]): Promise<string> {
  return search({message: visible(message), source: (term) => matchingChoices(modes, term)}, context);
}

/** Asks for an existing mode or a new name. */
export function pickOrNameMode(modes: readonly string[]): Promise<string> {
  return search(
    {
      message: 'Which mode? (type to search, or enter a new name)',
      source: (term) => [...matchingChoices(modes, term), ...newModeChoice(modes, term)],
      validate: (mode) => findProblem(mode) ?? true,
    },
    context,
  );
}

interface Choice {
  readonly name: Visible;
  readonly value: string;
}

function matchingChoices(modes: readonly string[], term: string | undefined): Choice[] {
  const needle = (term ?? '').toLowerCase();
  const matches = (text: string): boolean => text.toLowerCase().includes(needle);
  return modes
    .map((mode) => ({name: visible(mode), value: mode}))
    .filter(({name, value}) => matches(name) || matches(value));
}

function newModeChoice(modes: readonly string[], term: string | undefined): Choice[] {
  if (term === undefined || term === '') return [];
  // A name typed as displayed means the existing mode.
  if (modes.some((mode) => mode === term || visible(mode) === term)) return [];
  return [{name: visible(`${term} (new mode)`), value: term}];
}

function findProblem(mode: string): Visible | undefined {
  try {
    parseMode(mode);
    return undefined;
  } catch (error) {
    if (error instanceof UniqueIDError) return visible(error.message);
    throw error;
  }
}
