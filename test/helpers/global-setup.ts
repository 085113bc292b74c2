import {execFileSync} from 'node:child_process';
import {fileURLToPath} from 'node:url';

/** Commands are tested as users run them: compiled, from bin/run.js. */
export default function setup(): void {
  const compiler = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));
  const project = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));
  execFileSync(process.execPath, [compiler, '-p', project], {stdio: 'inherit'});
}
