import type {Parser} from './parsers.js';

/** One setting: the places that can set it, its parser and its default. */
export interface Setting<T = unknown> {
  /** The file that holds it: our own, or CherryPy's. */
  readonly file: 'config' | 'cherrypy';
  readonly section: string;
  readonly key: string;
  /** The environment variable that overrides the file. */
  readonly env: string;
  /** The flag that overrides both, if a command has one. */
  readonly flag?: string;
  /** The default, as written in the file. */
  readonly default: string;
  /** The unit of a number, such as `seconds`. */
  readonly unit?: string;
  /** The meaning in one sentence of Markdown, for docs/operate/configuration.md. */
  readonly description: string;
  readonly parse: Parser<T>;
}

/** Returns a function that completes the settings of one section; it keeps the exact type of each. */
export const inSection =
  <const Place extends Pick<Setting, 'file' | 'section'>>(place: Place) =>
  <const Definition extends Omit<Setting, keyof Place>>(definition: Definition): Place & Definition => ({
    ...place,
    ...definition,
  });
