// Runs the two commands of README.md on a fresh machine: a small Debian with Node.js, git and a compiler.
// Needs debootstrap and root. Exit status: 0 if both pass and each skipped test names its need, otherwise 1.
// Run as: npm run fresh
import {execFileSync} from 'node:child_process';
import {once} from 'node:events';
import {cpSync} from 'node:fs';
import {join} from 'node:path';
import {makeDebianRoot, type DebianRoot} from '../../test/helpers/folders/debian-root.js';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {copyNode, copyNpmSettings} from '../../test/helpers/folders/node-prefix.js';
import {root} from '../../test/helpers/folders/workspace.js';

const CLONE = '/home/ann/uniqueid';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** Makes the machine, with a copy of this clone that belongs to an ordinary user. */
function makeMachine(path: string): DebianRoot {
  const machine = makeDebianRoot(path, 'ca-certificates', 'git', 'g++', 'make', 'python3');
  copyNode(join(path, 'usr'));
  copyNpmSettings(join(path, 'usr'), '/usr');
  machine.run('useradd', '--create-home', '--shell', '/bin/sh', 'ann');
  for (const name of execFileSync('git', ['ls-files', '-z'], {cwd: root, encoding: 'utf8'}).split('\0'))
    if (name !== '') cpSync(join(root, name), join(path, CLONE, name));
  machine.run('chown', '--recursive', 'ann:', CLONE);
  return machine;
}

/** Starts a command as the user, in the clone. If its process ends, so do all that it started. */
function start(machine: DebianRoot, command: string): ReturnType<DebianRoot['start']> {
  const alone = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const user = ['setpriv', '--reuid=ann', '--regid=ann', '--init-groups', 'env', 'HOME=/home/ann'];
  return machine.start(...alone, ...user, 'UNIQUEID_PORT=0', 'sh', '-c', `cd ${CLONE} && ${command}`);
}

/** Runs `npm ci && npm start`. @returns the seconds until the first integer @throws Error without one */
async function startService(machine: DebianRoot): Promise<number> {
  const started = performance.now();
  const service = start(machine, 'npm ci && exec npm start');
  const ended = once(service, 'exit');
  service.stdout.resume();
  let log = '';
  for await (const chunk of service.stderr) {
    log += String(chunk);
    const [, url] = /"url":"(http:[^"]+)"/.exec(log) ?? [];
    if (url === undefined) continue;
    const answer = await (await fetch(`${url}/getid?range=10&mode=file`)).text();
    if (answer !== '{"endIndex": 9, "startIndex": 0}') throw new Error(`the service answered ${answer}`);
    const seconds = (performance.now() - started) / 1000;
    service.stderr.resume();
    service.kill('SIGTERM');
    await ended;
    return seconds;
  }
  throw new Error(`npm start ended before it served:\n${log}`);
}

/** Runs `npm ci && npm test`. @returns its output @throws Error if it fails */
async function runTests(machine: DebianRoot): Promise<string> {
  const tests = start(machine, 'npm ci && exec npm test');
  let output = '';
  for (const stream of [tests.stdout, tests.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [status] = (await once(tests, 'close')) as [number | null];
  if (status !== 0) throw new Error(`npm test ended with ${status}:\n${output}`);
  return output;
}

/** Returns the end of the output: the needs of the skipped tests, and the counts. @throws Error without it */
function summaryOf(output: string): string {
  const [summary, needs = '', skipped] =
    /Tests were skipped\. They need:\n((?: {2}.*\n)+)\n\d+ passed, 0 failed, (\d+) skipped\n/.exec(output) ??
    [];
  if (summary === undefined || Number(skipped) === 0)
    throw new Error(`npm test lists no needs of skipped tests:\n${output.slice(-5000)}`);
  const vague = needs.split('\n').filter((line) => line !== '' && !/apt-get install|as root/.test(line));
  if (vague.length > 0) throw new Error(`needs without a remedy:\n${vague.join('\n')}`);
  return summary;
}

const folder = makeGuardedFolder('fresh');
try {
  const machine = makeMachine(join(folder.path, 'root'));
  print(`npm ci && npm start: the first integer after ${(await startService(machine)).toFixed(0)} s`);
  const started = performance.now();
  const output = await runTests(machine);
  print(`npm ci && npm test: passed after ${((performance.now() - started) / 1000).toFixed(0)} s`);
  print(summaryOf(output));
} catch (error) {
  print(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await folder.remove();
}
