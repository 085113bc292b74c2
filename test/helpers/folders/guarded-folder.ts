import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, realpathSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A temporary folder that goes when its maker does, in whatever way: with `remove`, by Ctrl-C, or killed. */
export interface GuardedFolder {
  readonly path: string;
  /** Names all processes to be killed before the folder goes, in the place of those named before. */
  readonly watch: (...pids: readonly (number | undefined)[]) => void;
  readonly remove: () => Promise<void>;
}

/** @param within where it is made; without it among the system's temporary folders */
export function makeGuardedFolder(name: string, within = tmpdir()): GuardedFolder {
  const path = realpathSync(mkdtempSync(join(within, `uniqueid-${name}-`)));
  const guard = spawn(process.execPath, [fileURLToPath(new URL('guard.js', import.meta.url)), path], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  return {
    path,
    watch: (...pids) => {
      guard.stdin.write(`${pids.filter((pid) => pid !== undefined).join(' ')}\n`);
    },
    remove: async () => {
      guard.stdin.end();
      await once(guard, 'exit');
    },
  };
}
