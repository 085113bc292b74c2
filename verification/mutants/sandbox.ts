import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {cpSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {makeGuardedFolder} from '../../test/helpers/folders/guarded-folder.js';
import {root} from '../../test/helpers/folders/workspace.js';
import type {Mutant} from './mutants.js';

/** The result of a run of tests. */
export interface Outcome {
  readonly passed: readonly string[];
  readonly failed: readonly string[];
}

/** Folders that are not copied: they are linked, built again, or no part of the program. */
const left = new Set(['node_modules', 'dist', '.git', 'coverage']);

/** Longer than the slowest of these tests. */
const RUN_WITHIN_MS = 570_000;

/** A copy of the repository that can be broken. */
export class Sandbox {
  readonly #guarded = makeGuardedFolder('mutants');
  readonly #folder = this.#guarded.path;

  readonly #healthy = new Map<string, Promise<Outcome>>();

  constructor() {
    cpSync(root, this.#folder, {recursive: true, filter: (path) => !left.has(basename(path))});
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  async remove(): Promise<void> {
    await this.#guarded.remove();
  }

  /**
   * Applies the patch to the copy, runs the tests, and reverts the patch.
   *
   * @throws Error if the patch does not fit the sources, or no test was run
   */
  async runMutated(mutant: Mutant, env: NodeJS.ProcessEnv): Promise<Outcome> {
    this.#patch(mutant);
    try {
      return await this.#run(mutant, env);
    } finally {
      this.#patch(mutant, '--reverse');
    }
  }

  #patch({patch}: Mutant, ...options: readonly string[]): void {
    // Git ignores files outside the work tree of a repository that it finds above.
    const env = {...process.env, GIT_CEILING_DIRECTORIES: dirname(this.#folder)};
    execFileSync('git', ['apply', ...options, patch], {cwd: this.#folder, env, stdio: 'pipe'});
  }

  /** Runs the tests of a mutant without its patch; runs the same tests only once for all their mutants. */
  runHealthy(mutant: Mutant, env: NodeJS.ProcessEnv): Promise<Outcome> {
    const key = JSON.stringify([mutant.tests, mutant.only]);
    const outcome = this.#healthy.get(key) ?? this.#run(mutant, env);
    this.#healthy.set(key, outcome);
    return outcome;
  }

  /**
   * Runs the tests of a mutant on the copy as it is.
   *
   * @throws Error if no test ran: the copy does not compile, or no test has such a name
   */
  async #run({tests, only}: Mutant, env: NodeJS.ProcessEnv): Promise<Outcome> {
    const results = join(this.#folder, 'results.json');
    rmSync(results, {force: true});
    const vitest = join(this.#folder, 'node_modules', 'vitest', 'vitest.mjs');
    const names = only === undefined ? [] : ['--testNamePattern', only];
    const child = spawn(
      process.execPath,
      [vitest, 'run', ...tests, ...names, '--reporter=json', `--outputFile=${results}`],
      {cwd: this.#folder, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: RUN_WITHIN_MS},
    );
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)));
    }
    await once(child, 'close');
    const outcome = readOutcome(results);
    if (outcome === undefined || outcome.passed.length + outcome.failed.length === 0)
      throw new Error(`no test ran: ${output}`);
    return outcome;
  }
}

/** The part of vitest's `--reporter=json` that is used here. */
interface Results {
  readonly testResults: readonly {
    readonly assertionResults: readonly {readonly fullName: string; readonly status: string}[];
  }[];
}

function readOutcome(path: string): Outcome | undefined {
  let results: Results;
  try {
    results = JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch {
    return undefined;
  }
  const all = results.testResults.flatMap(({assertionResults}) => assertionResults);
  const named = (status: string): string[] =>
    all.filter((each) => each.status === status).map(({fullName}) => fullName);
  return {passed: named('passed'), failed: named('failed')};
}
