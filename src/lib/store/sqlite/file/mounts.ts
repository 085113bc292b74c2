import {readFileSync, realpathSync} from 'node:fs';
import {UniqueIDError} from '../../../core/errors.js';

/**
 * Rejects a file that is mounted alone, as by `docker run -v ./db.sqlite3:/db.sqlite3`. SQLite keeps the
 * newest commits in the WAL beside the file, which would be lost with the container.
 */
export function assertNotMountedAlone(path: string): void {
  if (!mountPoints().includes(realpathSync(path))) return;
  throw new UniqueIDError(
    'DATABASE_UNAVAILABLE',
    `The database ${path} is mounted as a single file: ` +
      'its -wal file with the newest commits is outside the mount.',
    {hint: 'Mount the folder that holds the database instead of the file.'},
  );
}

/**
 * Returns all mount points on Linux: the fifth field of
 * https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html. Returns none on other systems.
 */
function mountPoints(): readonly string[] {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return [];
  }
  return mounts
    .split('\n')
    .map((line) =>
      (line.split(' ', 5)[4] ?? '').replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(parseInt(octal, 8)),
      ),
    );
}
