/** A place in a source that is changed; the text must occur exactly once. */
interface Edit {
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

/** A way to break a promise of the program on purpose, and the tests that are to notice. */
export interface Mutant {
  readonly name: string;
  /** The numbers of the invariants in docs/internals/invariants.md that it breaks. */
  readonly invariants: readonly number[];
  readonly edits: readonly Edit[];
  /** Files of tests, from the root of the repository. */
  readonly tests: readonly string[];
  /** Only the tests whose names match, where the others of the file take long. */
  readonly only?: string;
  /** Whether it is quick to show, for CI. */
  readonly isQuick?: boolean;
}

const allocator = 'src/lib/allocation/allocator.ts';
const committer = 'src/lib/allocation/group-committer.ts';
const guard = 'src/lib/allocation/regression-guard.ts';
const waiting = 'src/lib/allocation/pending-requests.ts';
const sqlite = 'src/lib/store/sqlite/store.ts';
const sqliteNative = 'src/lib/store/sqlite/native.ts';
const postgres = 'src/lib/store/postgres/store.ts';
const mysqlStatements = 'src/lib/store/mysql/statements.ts';

export const mutants: readonly Mutant[] = [
  {
    name: 'SQLite reads the counter, adds and writes it back, without the lock of a transaction',
    invariants: [1, 5],
    edits: [
      {
        file: sqlite,
        search: '    return this.#file.write(() => {\n      this.#assertServable();',
        replace: '    return this.#file.read(() => {\n      this.#assertServable();',
      },
      {
        file: sqlite,
        search: 'advance.get(count, mode, floor ?? 0n, count);',
        replace: `((found: bigint): bigint => {
      this.#statements.put.run(mode, found + count);
      return found + count;
    })(this.#counter(mode)?.next ?? firstIndex);
    void advance;`,
      },
    ],
    tests: ['test/fault/processes.test.ts'],
    only: '8 processes',
  },
  {
    name: 'PostgreSQL is asked for the counter, and told the sum',
    invariants: [1, 5],
    edits: [
      {
        file: postgres,
        search: 'await take(this.#ask<Row>(pool, this.#advance, [modes, counts, firstIndex, floors]));',
        replace: `const rows = await this.#ask<Row>(pool, statements.readCounters, [modes]);
        const before = new Map(rows.map(({mode, next}) => [mode, next]));
        const after = usual.map(({mode, count}) => (before.get(mode) ?? firstIndex) + count);
        await this.#ask(pool, statements.putCounters, [modes, pool.typed.bigints(after)]);
        for (const [index, {mode}] of usual.entries()) granted.set(mode, after[index] ?? 0n);
        void [counts, floors, this.#advance];`,
      },
    ],
    tests: ['test/fault/network.test.ts'],
    only: 'PostgreSQL.*never give an integer twice',
  },
  {
    name: 'SQLite answers, and commits a little later',
    invariants: [2],
    edits: [
      {
        file: sqliteNative,
        search: `    this.statement('BEGIN IMMEDIATE').run();`,
        replace: `    if (this.#database.inTransaction) this.statement('COMMIT').run();
    this.statement('BEGIN IMMEDIATE').run();`,
      },
      {
        file: sqliteNative,
        search: `      this.statement('COMMIT').run();
      return result;`,
        replace: `      setTimeout(() => {
        if (this.#database.open && this.#database.inTransaction) this.statement('COMMIT').run();
      }, 20);
      return result;`,
      },
    ],
    tests: ['test/fault/processes.test.ts'],
    only: 'serve killed 50 times',
  },
  {
    name: 'the callers are answered while the database still works',
    invariants: [2],
    edits: [
      {
        file: committer,
        search: '      results = await store.advance(claims, firstIndex);',
        replace: `      const known = units.every(({mode}) => guard.issued(mode) !== undefined);
      const asked = store.advance(claims, firstIndex);
      asked.catch(() => undefined);
      results = known
        ? units.map(({mode, total}) => ({next: (guard.issued(mode) ?? 0n) + total}))
        : await asked;`,
      },
    ],
    tests: ['test/fault/processes.test.ts'],
    only: 'serve killed 50 times',
  },
  {
    name: 'SQLite commits without a sync',
    invariants: [2],
    edits: [
      {
        file: 'src/lib/store/sqlite/file/connection.ts',
        search: `journal === 'wal' ? 'FULL' : 'EXTRA'`,
        replace: `journal === 'wal' ? 'OFF' : 'OFF'`,
      },
    ],
    tests: ['test/fault/processes.test.ts'],
    only: 'every commit is synced',
  },
  {
    name: 'a group takes one integer more than it hands out',
    invariants: [3],
    edits: [
      {
        file: committer,
        search: 'count: total,',
        replace: 'count: total + 1n,',
      },
    ],
    tests: ['test/unit/allocation/allocator.test.ts'],
    // Where the last integer is asked for, a claim that never fits is made for ever.
    only: 'commits together what arrives together',
    isQuick: true,
  },
  {
    name: 'SQLite counts in numbers that round',
    invariants: [4],
    edits: [
      {
        file: sqlite,
        search: 'if (next !== undefined) return {next};',
        replace: 'if (next !== undefined) return {next: BigInt(Number(next))};',
      },
    ],
    tests: ['test/store/sqlite/sqlite.test.ts'],
  },
  {
    name: 'SQLite turns a sum past 2^63-1 into a REAL',
    invariants: [4],
    edits: [
      {
        file: 'src/lib/store/sqlite/statements.ts',
        search: `typeof("index") = 'integer' AND "index" BETWEEN ? AND \${MAX_COUNTER} - ?`,
        replace: `"index" >= ? AND ? <= \${MAX_COUNTER}`,
      },
    ],
    tests: ['test/store/sqlite/sqlite.test.ts'],
  },
  {
    name: 'PostgreSQL gives the last integer there is, and one more',
    invariants: [4],
    edits: [
      {
        file: 'src/lib/store/postgres/statements.ts',
        search: `      WHERE counter."index" BETWEEN 0 AND \${MAX_COUNTER} - (excluded."index" - $3::bigint)`,
        replace: `      WHERE TRUE`,
      },
    ],
    tests: ['test/store/postgres/postgres.test.ts'],
  },
  {
    name: 'MariaDB adds in LAST_INSERT_ID(), which stops at 2^63-1 without an error',
    invariants: [4, 1],
    edits: [
      {
        file: mysqlStatements,
        search: 'ON DUPLICATE KEY UPDATE \\`index\\` = IF(${hasRoom}, \\`index\\` + ${count}, \\`index\\`)`',
        replace: 'ON DUPLICATE KEY UPDATE \\`index\\` = LAST_INSERT_ID(\\`index\\` + ${count})`',
      },
    ],
    tests: ['test/store/mysql/mysql.test.ts'],
  },
  {
    name: 'MariaDB reads the counters of many modes without a lock',
    invariants: [1, 5],
    edits: [{file: mysqlStatements, search: 'ORDER BY id FOR UPDATE`', replace: 'ORDER BY id`'}],
    tests: ['test/store/mysql/mysql.test.ts'],
    only: 'in many modes at once',
  },
  {
    name: 'the slices of a group overlap by one',
    invariants: [1],
    edits: [{file: waiting, search: '    start = next;', replace: '    start = next - 1n;'}],
    tests: ['test/unit/allocation/allocator.test.ts'],
    isQuick: true,
  },
  {
    name: 'after a lost answer the integers are guessed',
    invariants: [6],
    edits: [
      {
        file: allocator,
        search: 'if (failure.transient) this.#queue = [...unsettled, ...this.#queue];',
        replace: `if (failure.transient) {
        for (const unit of unitsOf(unsettled)) {
          const first = this.guard.issued(unit.mode) ?? this.#options.firstIndex;
          this.guard.pass(unit.mode, first, first + unit.total);
          this.#handOut([{unit, first, next: first + unit.total}]);
        }
      }`,
      },
    ],
    tests: ['test/unit/allocation/allocator.test.ts'],
    only: 'answer to a commit is lost',
  },
  {
    name: 'the slices of a group are handed out from the last to the first',
    invariants: [7],
    edits: [
      {
        file: waiting,
        search: 'let start = first;\n  for (const request of waiting) {',
        replace: 'let start = first;\n  for (const request of waiting.toReversed()) {',
      },
    ],
    tests: ['test/unit/allocation/allocator.test.ts'],
    isQuick: true,
  },
  {
    name: 'each SQLite server takes blocks of a thousand in advance',
    invariants: [7, 3],
    edits: [
      {
        file: sqlite,
        search:
          '  #take(claim: Claim, firstIndex: bigint): Advance {\n    const {mode, count, floor} = claim;',
        replace: `  readonly #blocks = new Map<string, {next: bigint; end: bigint}>();

  #take({mode, count}: Claim, firstIndex: bigint): Advance {
    let block = this.#blocks.get(mode);
    if (block === undefined || block.end - block.next < count) {
      const taken = this.#takeBlock({mode, count: count + 1000n}, firstIndex);
      if (!('next' in taken)) return taken;
      block = {next: taken.next - count - 1000n, end: taken.next};
      this.#blocks.set(mode, block);
    }
    block.next += count;
    return {next: block.next};
  }

  #takeBlock(claim: Claim, firstIndex: bigint): Advance {
    const {mode, count, floor} = claim;`,
      },
    ],
    tests: ['test/fault/processes.test.ts'],
    only: 'two servers on one file',
  },
  {
    name: 'a counter that has gone backwards is used all the same',
    invariants: [8],
    edits: [
      {
        file: committer,
        search: 'floor: guard.issued(mode) ?? lowest',
        replace: 'floor: lowest',
      },
      {
        file: guard,
        search: 'if (first < (this.#highWater.get(mode) ?? 0n)) return',
        replace: 'if (first < 0n) return',
      },
    ],
    tests: ['test/fault/restore.test.ts'],
    only: 'SQLite, through SQLite itself',
  },
  {
    name: 'a server that refuses a restored counter moves it on',
    invariants: [8, 1],
    edits: [
      {
        file: committer,
        search: 'floor: guard.issued(mode) ?? lowest',
        replace: 'floor: lowest',
      },
    ],
    tests: ['test/fault/restore.test.ts'],
    only: 'SQLite, through SQLite itself.*none comes past its own mark',
  },
  {
    name: 'SQLite goes on in a file that was replaced',
    invariants: [8, 2],
    edits: [
      {
        file: 'src/lib/store/sqlite/file/database-file.ts',
        search: '    if (file === this.#identity) return;',
        replace: '    if (file === this.#identity || this.#identity !== undefined) return;',
      },
    ],
    tests: ['test/fault/restore.test.ts'],
    only: 'another file put in its place',
  },
  {
    name: 'a reset moves a counter that others have moved meanwhile',
    invariants: [8],
    edits: [
      {
        file: 'src/lib/store/shared/counter-moves.ts',
        search: 'return asSeen || stillForwards ? [] : [{mode, next}];',
        replace: 'return asSeen || stillForwards || from !== to ? [] : [{mode, next}];',
      },
    ],
    tests: ['test/store/sqlite/sqlite.test.ts'],
  },
  {
    name: 'HEAD takes integers',
    invariants: [3],
    edits: [
      {
        file: 'src/lib/server/router.ts',
        search: `methods: ['GET', 'POST'], isGuarded: false, handle: getid`,
        replace: `methods: ['GET', 'POST', 'HEAD'], isGuarded: false, handle: getid`,
      },
    ],
    tests: ['test/server/routes/api.test.ts'],
  },
  {
    name: 'the modes of a group are locked in the order of arrival',
    invariants: [5],
    edits: [
      {
        file: waiting,
        search: 'return units.length === 1 ? units : units.sort((a, b) => (a.mode < b.mode ? -1 : 1));',
        replace: 'return units;',
      },
    ],
    tests: ['test/unit/allocation/allocator.test.ts', 'test/fault/network.test.ts'],
    only: 'group commit|never give an integer twice',
  },
  {
    name: 'the plain reader takes a request with a chunked body for one without',
    invariants: [1],
    edits: [
      {file: 'src/lib/server/fast-path/request.ts', search: `  'transfer-encoding',\n`, replace: ''},
      {
        file: 'src/lib/server/fast-path/request.ts',
        search: `  if (!block.endsWith('\\r\\n\\r\\n')) return undefined;`,
        replace: `  if (!block.includes('\\r\\n\\r\\n')) return undefined;
  block = block.slice(0, block.indexOf('\\r\\n\\r\\n') + 4);`,
      },
    ],
    tests: ['test/fault/fuzz.test.ts'],
  },
  {
    name: 'the query of a request is read to its end, however many parameters it has',
    invariants: [9],
    edits: [
      {
        file: 'src/lib/server/routes/getid-query.ts',
        search: '  if (parameters.length > MAX_PARAMETERS) throw tooMany();\n',
        replace: '  if (parameters.length > query.length + 1) throw tooMany();\n',
      },
    ],
    tests: ['test/unit/server/getid-query.test.ts'],
    isQuick: true,
  },
  {
    name: 'a table in which a mode may have several rows is served',
    invariants: [10, 1],
    edits: [
      {
        file: 'src/lib/store/schema/structure.ts',
        search: '    keyFlaw(table, mends) ??\n',
        replace: '    (table.columns.length < 0 ? keyFlaw(table, mends) : undefined) ??\n',
      },
    ],
    tests: ['test/store/structure.test.ts'],
  },
  {
    name: 'MariaDB answers from a transaction that a Galera node has aborted',
    invariants: [1],
    edits: [
      {
        file: 'src/lib/store/mysql/claim/transaction.ts',
        search: '(serverStatus & SERVER_STATUS_IN_TRANS) === 0',
        replace: '(serverStatus & SERVER_STATUS_IN_TRANS) < 0',
      },
    ],
    tests: ['test/store/mysql/galera.test.ts'],
    only: 'without a word',
  },
];
