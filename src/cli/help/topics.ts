import type {HelpEntry} from './entries.js';
import {exitStatusList, exitStatusTexts} from './exit-codes.js';
import {variableList, variableTexts} from './environment.js';

interface HelpTopic {
  readonly summary: string;
  readonly entries: () => readonly HelpEntry[];
  /** Returns the same facts as `--json` prints them. */
  readonly document: () => object;
}

/** Help texts that belong to no command, generated from the tables of the program. */
export const helpTopics = {
  'exit-codes': {
    summary: 'List the exit statuses and the error codes of each.',
    entries: exitStatusTexts,
    document: () => ({exitStatuses: exitStatusList()}),
  },
  environment: {
    summary: 'List the environment variables that UniqueID reads.',
    entries: variableTexts,
    document: () => ({variables: variableList()}),
  },
} as const satisfies Record<string, HelpTopic>;

export function isHelpTopic(word: string): word is keyof typeof helpTopics {
  return Object.hasOwn(helpTopics, word);
}
