import {existsSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import fc from 'fast-check';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {parseDatabaseUrl, redactDatabaseUrl} from '../../src/lib/config/database-url.js';
import {parsePythonIni} from '../../src/lib/config/python/ini.js';
import {parsePythonLiteral} from '../../src/lib/config/python/literal.js';
import {UniqueIDError} from '../../src/lib/core/errors.js';
import {parseGetidQuery} from '../../src/lib/server/routes/getid-query.js';
import {Tokens} from '../../src/lib/server/http/tokens.js';
import {needs} from '../helpers/run/needs.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {openPythonOracle, type PythonOracle} from '../../verification/fuzz/python-oracle.js';

/** `npm run fuzz` raises the number of runs and sets the seed. */
const RUNS = Number(process.env['UNIQUEID_FUZZ_RUNS'] ?? 1500);
const SEED = process.env['UNIQUEID_FUZZ_SEED'];

const parameters = {numRuns: RUNS, ...(SEED === undefined ? {} : {seed: Number(SEED)})};
const timeout = 900_000;

/** A secret that no message may contain. */
const SECRET = 'hunter2hunter2hunter2';

let python: PythonOracle;

beforeAll(() => {
  python = openPythonOracle();
});

afterAll(() => {
  python.close();
});

/** Generates texts from pieces that matter to a reader, mixed with random characters. */
function textOf(pieces: readonly string[], most = 24): fc.Arbitrary<string> {
  // Python and Node may map recent letters of Unicode to lower case differently.
  const anything = fc.string({unit: 'binary', maxLength: 3}).filter((text) => /^[\0-\u2fff]*$/.test(text));
  const piece = fc.oneof(
    {weight: 9, arbitrary: fc.constantFrom(...pieces)},
    {weight: 1, arbitrary: anything},
  );
  return fc.array(piece, {maxLength: most}).map((parts) => parts.join(''));
}

/** Returns the result of a reader; `undefined` if it rejects the text with a `UniqueIDError`. */
function readOrReject<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(UniqueIDError);
    return undefined;
  }
}

/** Returns the texts of an error that people see. */
function shownBy(work: () => unknown): string {
  try {
    work();
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(UniqueIDError);
    const {message, hint} = error as UniqueIDError;
    return `${message} ${hint ?? ''}`;
  }
}

const iniPieces = [
  ...[
    '[a]\n',
    '[b]\n',
    '[DEFAULT]\n',
    '[a.b]\n',
    '[ a ]\n',
    '[]\n',
    '[a]x\n',
    '[__proto__]\n',
    '[constructor]\n',
  ],
  ...[
    'a = 1\n',
    'b: 2\n',
    'A=3\n',
    'a[] = 1\n',
    '__proto__ = x\n',
    'constructor = y\n',
    'c\n',
    ' d = 4\n',
    '\te\n',
  ],
  ...[
    '= 1\n',
    'f = %(a)s\n',
    'g = %(g)s\n',
    'h = %(a\n',
    'i = %(B)s%%(a)s\n',
    'j = %()s\n',
    'k = 100%\n',
    'l = "x"\n',
  ],
  ...[
    'm = true\n',
    'n = null\n',
    '; x\n',
    '# x\n',
    ' ; x\n',
    '\n',
    '\r\n',
    '\r',
    ' \n',
    '  x\n',
    '    y = z\n',
  ],
  ...[
    'a',
    'b',
    '=',
    ':',
    '%',
    '(',
    ')',
    's',
    ';',
    '#',
    '[',
    ']',
    ' ',
    '\t',
    '\\',
    '"',
    "'",
    'é',
    '\u2028',
    '\x85',
    '\x1c',
  ],
];

const literalPieces = [
  ...[
    "'a'",
    '"b"',
    "'",
    '"',
    '\\',
    '\\n',
    '\\x41',
    '\\u00e9',
    '\\101',
    '\\0',
    '\\a',
    '\\q',
    '\\\n',
    '\n',
    'u',
    'r',
    'b',
    'f',
  ],
  ...[
    'True',
    'False',
    'None',
    'true',
    '0',
    '1',
    '00',
    '007',
    '12',
    '-1',
    '+1',
    '1.5',
    '1.',
    '.5',
    '1e3',
    '1_0',
    '0x1f',
    '2j',
  ],
  ...[
    '[',
    ']',
    '(',
    ')',
    ',',
    '{',
    'constructor',
    '}',
    ':',
    ' ',
    '\t',
    '\f',
    '\u00a0',
    '-',
    '+',
    '#',
    '...',
    'a',
    '.',
  ],
];

const queryPieces = [
  ...[
    'mode',
    'range',
    'Mode',
    'mod%65',
    'r%61nge',
    '=',
    '=',
    '&',
    '&',
    ';',
    '+',
    '%',
    '%2',
    '%20',
    '%2B',
    '%26',
    '%3D',
  ],
  ...[
    '%25',
    '%C3%A9',
    '%c3',
    '%ff',
    '%ED%A0%80',
    '%EF%BB%BF',
    '%00',
    '%F0%9F%98%80',
    'file',
    '10',
    '0',
    'a',
    '#',
    '?',
    '/',
  ],
];

describe('readers of Python formats read the same as Python', () => {
  needs('python3').it(
    'in INI files: the same sections, keys and values, or both reject them',
    async () => {
      await fc.assert(
        fc.asyncProperty(textOf(iniPieces), async (text) => {
          // Python reads a byte order mark as text; our reader skips it.
          fc.pre(!text.startsWith('\uFEFF'));
          const verdict = await python.ask<Record<string, Record<string, string>>>('ini', text);
          const ours = readOrReject(() => parsePythonIni(text, 'config.ini'));
          const plain =
            ours &&
            new Map(
              Array.from(ours, ([name, values]) => [
                name,
                new Map(Array.from(values, ([key, value]) => [key, value.text])),
              ]),
            );
          const theirs =
            'value' in verdict
              ? new Map(
                  Object.entries(verdict.value).map(([name, values]) => [
                    name,
                    new Map(Object.entries(values)),
                  ]),
                )
              : undefined;
          expect(plain, 'error' in verdict ? verdict.error : '').toEqual(theirs);
        }),
        parameters,
      );
    },
    timeout,
  );

  needs('python3').it(
    'in literals, if they accept one',
    async () => {
      let read = 0;
      await fc.assert(
        fc.asyncProperty(textOf(literalPieces, 10), async (source) => {
          // Values of files have no white space around them.
          const text = source.trim();
          const ours = parsePythonLiteral(text);
          if (ours === undefined) return;
          read++;
          expect(JSON.stringify(await python.ask('literal', text))).toBe(JSON.stringify({value: ours}));
        }),
        {...parameters, numRuns: 4 * RUNS},
      );
      expect(read).toBeGreaterThan(RUNS / 20);
    },
    timeout,
  );

  needs('python3').it(
    'in queries: the same mode and range, or both reject them',
    async () => {
      let read = 0;
      const around = textOf(queryPieces, 8);
      const query = fc.oneof(
        around,
        fc.tuple(around, around, around).map(([a, b, c]) => `mode=${a}&range=${b}${c}`),
      );
      await fc.assert(
        fc.asyncProperty(query, async (text) => {
          // node:http provides one character per byte. Python gets the same bytes percent-encoded.
          const bytes = Buffer.from(text, 'utf8').toString('latin1');
          const encoded = bytes.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
          const verdict = await python.ask<[string, string][]>('query', encoded);
          const pairs = 'value' in verdict ? verdict.value : [];
          const ours = readOrReject(() => parseGetidQuery(bytes));
          const of = (wanted: string): string[] =>
            pairs.filter(([name]) => name === wanted).map(([, value]) => value);
          const [mode = '', range = ''] = [...of('mode'), ...of('range')];
          const isUsable =
            of('mode').length === 1 &&
            of('range').length === 1 &&
            [mode, range, ...pairs.map(([name]) => name)].every((part) => part.isWellFormed());
          expect(ours).toEqual(isUsable ? {mode, range} : undefined);
          if (ours !== undefined) read++;
        }),
        parameters,
      );
      expect(read).toBeGreaterThan(RUNS / 20);
    },
    timeout,
  );
});

describe('readers show no secret, and fail only with a UniqueIDError', () => {
  it(
    'in database URLs',
    () => {
      const noise = textOf(
        [
          '/',
          '@',
          ':',
          '?',
          '#',
          '%',
          '%2F',
          '%40',
          '&',
          '=',
          ',',
          '[',
          ']',
          ';',
          'a',
          '1',
          '12',
          '\n',
          ' ',
          'h',
          'sslmode',
        ],
        6,
      );
      const scheme = fc.constantFrom(
        'postgresql',
        'postgres+pool',
        'mysql',
        'cockroachdb',
        'mariadb',
        'oracle',
        '',
      );
      const rest = textOf(
        ['h', ':5432', '/db', '/', '?', '&', 'sslmode=require', 'max_connections=', '4', 'x=1', ',i', '#'],
        6,
      );
      fc.assert(
        fc.property(scheme, noise, noise, noise, rest, (name, user, before, after, where) => {
          // Messages may show the user's name; the first colon ends it.
          const text = `${name}://${user.replaceAll(/[@:/]/g, '')}:${before}${SECRET}${after}@${where}`;
          let redacted = '';
          expect(shownBy(() => (redacted = redactDatabaseUrl(parseDatabaseUrl(text))))).not.toContain(SECRET);
          expect(redacted).not.toContain(SECRET);
        }),
        {...parameters, numRuns: 4 * RUNS},
      );
      fc.assert(
        fc.property(
          textOf(
            [
              'postgresql',
              'mysql',
              'sqlite',
              '://',
              '/',
              '@',
              ':',
              '?',
              '#',
              '%2',
              '%',
              '=',
              '&',
              ',',
              '[',
              '+pool',
            ],
            14,
          ),
          (text) => {
            readOrReject(() => parseDatabaseUrl(text));
          },
        ),
        {...parameters, numRuns: 4 * RUNS},
      );
    },
    timeout,
  );

  it(
    'in tokens files',
    () => {
      const path = join(makeWorkspace(), 'tokens.ini');
      const pieces = [
        ...[
          `token = ${SECRET}\n`,
          `token: ${SECRET}\n`,
          `${SECRET}\n`,
          `${SECRET}=\n`,
          ` ${SECRET}\n`,
          `token ${SECRET}\n`,
        ],
        ...[
          `token = %(${SECRET})s\n`,
          `tokn = ${SECRET}\n`,
          `token = a ${SECRET}\n`,
          `token_sha256 = ${SECRET}\n`,
        ],
        ...[
          `token_sha256 = ${'a'.repeat(64)}\n`,
          '[alice]\n',
          '[bob]\n',
          '[]\n',
          'modes = file, a*\n',
          'max_range = 5\n',
        ],
        ...[`max_range = ${SECRET}\n`, `max_range = -1\n`, '\n', ' ', '=', ';', '%', '[', ']'],
      ];
      fc.assert(
        fc.property(textOf(pieces, 6), fc.string(), (text, header) => {
          writeFileSync(path, text);
          let tokens: Tokens | undefined;
          expect(shownBy(() => (tokens = new Tokens(path))).toLowerCase()).not.toContain(SECRET);
          for (const authorization of [header, `Bearer ${header}`, `Bearer ${SECRET}${header}`])
            expect(shownBy(() => tokens?.authenticate(authorization))).not.toContain(SECRET);
        }),
        parameters,
      );
    },
    timeout,
  );

  it('in deeply nested Python literals', () => {
    for (const text of [
      '['.repeat(100_000),
      '('.repeat(100_000),
      `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    ])
      expect(parsePythonLiteral(text)).toBeUndefined();
  });
});

/** The reader of histories. */
const historyLines = new URL('../../verification/history/line.ts', import.meta.url);

describe.skipIf(!existsSync(historyLines))('histories of answers', () => {
  it(
    'are read exactly as written, or rejected',
    async () => {
      const module = (await import(historyLines.href)) as {
        parseClientLine: (text: string) => object;
        parseEventLine: (text: string) => object;
        formatLine: (line: object) => string;
      };
      const word = [
        '{',
        '}',
        '"',
        ':',
        ',',
        '"sequence":1',
        '"connection":',
        '"mode":"file"',
        '"range":"5"',
        '"start":"0"',
      ];
      const more = [
        '"end":"4"',
        '"begun":1',
        '"ended":2',
        '"lost":"x"',
        '"event":"reset"',
        '"from":"1"',
        '-',
        '1e3',
        'null',
        '[',
        ']',
      ];
      fc.assert(
        fc.property(textOf([...word, ...more], 20), (text) => {
          for (const parse of [module.parseClientLine, module.parseEventLine]) {
            let line: object;
            try {
              line = parse(text);
            } catch (error) {
              expect(error).toBeInstanceOf(Error);
              continue;
            }
            expect(parse(module.formatLine(line).trimEnd())).toEqual(line);
          }
        }),
        parameters,
      );
    },
    timeout,
  );
});
