import {dirname} from 'node:path';
import {absolutePath} from '../../config/database-url.js';
import type {Settings} from '../../config/settings.js';
import {MarksFile} from './marks-file.js';
import {guardFilePath} from './place.js';

/**
 * Returns the file of marks of a configuration; `undefined` if `guard_file` is `none`. Opens nothing.
 *
 * @param options.maxModes the most modes that a rewritten file keeps; 0 for no limit. A command sets none,
 *   because a service with a higher one may use the file too.
 */
export function marksFileOf(
  settings: Pick<Settings, 'guardFile' | 'databaseUrl'>,
  {readOnly = false, maxModes = 0}: {readonly readOnly?: boolean; readonly maxModes?: number} = {},
): MarksFile | undefined {
  const path = guardFilePath(settings, process.env);
  if (path === undefined) return undefined;
  const {databaseUrl} = settings;
  return new MarksFile({
    path,
    readOnly,
    model: databaseUrl.kind === 'sqlite' ? absolutePath(databaseUrl.database) : dirname(path),
    maxModes: maxModes === 0 ? Infinity : maxModes,
  });
}
