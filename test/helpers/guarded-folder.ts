import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, realpathSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';

/** A temporary folder that goes when its maker does, in whatever way: with `remove`, by Ctrl-C, or killed. */
export interface GuardedFolder {
  readonly path: string;
  /** Names the one process to be killed before the folder goes; `undefined` for none. */
  readonly watch: (pid: number | undefined) => void;
  readonly remove: () => Promise<void>;
}

export function makeGuardedFolder(name: string): GuardedFolder {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `uniqueid-${name}-`)));
  const guard = spawn(process.execPath, [fileURLToPath(new URL('guard.js', import.meta.url)), path], {
    stdio: ['pipe', 'inherit', 'inherit'],
    detached: true,
  });
  return {
    path,
    watch: (pid) => {
      guard.stdin.write(`${pid ?? ''}\n`);
    },
    remove: async () => {
      guard.stdin.end();
      await once(guard, 'exit');
    },
  };
}
