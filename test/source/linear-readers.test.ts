import {ESLint} from 'eslint';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {parseLine} from '../../src/lib/allocation/memory/lines.js';
import {hash32} from '../../src/lib/util/hash.js';
import {parseMode} from '../../src/lib/core/mode.js';
import {modeFilter} from '../../src/lib/core/mode-filter.js';
import {parseRange} from '../../src/lib/core/range.js';
import {readSpellings} from '../../src/cli/database/spellings-file.js';
import {hideSecrets} from '../../src/cli/process/hide-secrets.js';
import {parseDatabaseUrl} from '../../src/lib/config/database-url.js';
import {parsePythonIni} from '../../src/lib/config/python/ini.js';
import {parsePythonLiteral} from '../../src/lib/config/python/literal.js';
import {parseServiceUrl} from '../../src/lib/config/service-url.js';
import {hostAddress, seconds} from '../../src/lib/config/parsers.js';
import {parseDashboardQuery} from '../../src/lib/server/dashboard/query.js';
import {prefersHtml} from '../../src/lib/server/http/accept.js';
import {HostCheck} from '../../src/lib/server/http/host-check.js';
import {requestIdOf} from '../../src/lib/server/http/request-id.js';
import {isPrefetchPurpose, splitTarget} from '../../src/lib/server/http/target.js';
import {FastPathReader} from '../../src/lib/server/fast-path/request.js';
import {parseGetidQuery} from '../../src/lib/server/routes/getid-query.js';
import {parsePage} from '../../src/lib/server/routes/status.js';
import {parseTokens, Tokens} from '../../src/lib/server/http/tokens.js';
import {makeWorkspace, root} from '../helpers/folders/workspace.js';

/** Units that a hostile client repeats: each byte that matters to a reader, and some pairs. */
const units = [
  ...[' ', '\t', '\x85', '\n', '\r\n', ' \t', 'a ', '\n '],
  ...['&', '%', '=', '@', ':', ',', ';', '/', '?', '.', '(', '[', ']', '\\', '"', "'"],
  ...["',", '(1,', '%(', '%%', '%2', '0', '1', 'a', 'a=', '=\t', '://', '\r\na:', '\u0301', '\ud800'],
];

/** Endings that make a match fail at the end, or let it succeed. */
const endings = ['', '\x01', 'x#'];

/** The longest text, unless a reader rejects long ones unread; a quadratic reader takes seconds for it. */
const MAX_LENGTH = 32_000;

/** Shorter times do not count as growth: compilation and garbage collection cause them. */
const NOISE_MS = 30;

/** Longer than any linear reader takes; a measurement stops then. */
const STOP_AFTER_MS = 400;

interface Subject {
  /** Texts before the repeated part. */
  readonly beginnings: readonly string[];
  readonly read: (text: string) => unknown;
  readonly largest?: number;
  /** Repetitions per measurement: a short text alone would drown in noise. */
  readonly times?: number;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const tokens = (): Tokens => {
  const path = join(makeWorkspace(), 'tokens.ini');
  writeFileSync(path, '[a]\ntoken = a-long-enough-secret\n');
  return new Tokens(path);
};

const subjects: Readonly<Record<string, () => Subject>> = {
  'headers of plain requests': () => ({
    beginnings: ['', 'a', 'a:', 'a: x', 'Host: a\r\n', 'Authorization: Bearer '],
    read: (text) =>
      new FastPathReader(() => true).read(latin1(`GET /getid?a HTTP/1.1\r\n${text.slice(0, 4000)}\r\n\r\n`)),
    largest: 4000,
    times: 40,
  }),
  'queries of plain requests': () => ({
    beginnings: ['', 'mode='],
    read: (text) =>
      new FastPathReader(() => true).read(
        latin1(`GET /getid?${text.slice(0, 4000)} HTTP/1.1\r\nHost: a\r\n\r\n`),
      ),
    largest: 4000,
    times: 40,
  }),
  'targets of requests': () => ({beginnings: ['', '/', 'a', 'http://', '/getid?'], read: splitTarget}),
  purposes: () => ({beginnings: ['', 'pre'], read: isPrefetchPurpose}),
  'queries of /getid': () => ({beginnings: ['', 'mode=', 'a=&', 'range=1&mode=%'], read: parseGetidQuery}),
  'queries of /status': () => ({beginnings: ['', 'after=', 'limit='], read: parsePage}),
  'Authorization headers': () => {
    const known = tokens();
    return {
      beginnings: ['', 'bearer', 'bearer ', 'Bearer x', 'Bearer x '],
      read: (text) => known.authenticate(text),
    };
  },
  'tokens files': () => ({
    beginnings: ['', '[a]\ntoken = ', '[a]\ntoken_sha256 = ', '[a]\nmodes = ', '[a]\nmax_range = '],
    read: (text) => parseTokens(text, 'tokens.ini'),
  }),
  'queries of /dashboard': () => ({
    beginnings: ['', 'find=', 'since=', 'sort=', 'mode='],
    read: parseDashboardQuery,
  }),
  'Accept headers': () => ({beginnings: ['', 'text/html;', '*/*;q='], read: prefersHtml}),
  'Host headers': () => {
    const hosts = new HostCheck(['example.org']);
    return {
      beginnings: ['', '[', '[::1]:', 'a:', 'example.org.'],
      read: (text) => {
        hosts.assertAllowed(text);
      },
    };
  },
  'Origin headers': () => {
    const hosts = new HostCheck(['example.org']);
    return {
      beginnings: ['', 'http://', 'http://a:', 'http://['],
      read: (text) => [hosts.isOwnOrigin(text, 'a'), hosts.isOwnOrigin('http://a', text)],
    };
  },
  'ids of requests': () => ({
    beginnings: ['', 'a'],
    read: (text) => requestIdOf({headers: {'x-request-id': text}}),
  }),
  'lines of the guard file': () => ({
    beginnings: ['', 'm\t1\t0\ta\t1\ta', 'm\t1\t0\ta\t'],
    read: (text) => [parseLine(text), parseLine(`${text}\t${hash32(text)}`)],
  }),
  'URLs of services': () => ({
    beginnings: ['', 'http://', 'http://a/', 'a:1', '[', 'http://a/getid'],
    read: parseServiceUrl,
  }),
  'lists of spellings': () => {
    const path = join(makeWorkspace(), 'spellings.txt');
    return {
      beginnings: ['', 'a\n'],
      read: (text) => {
        writeFileSync(path, text);
        return readSpellings(path);
      },
    };
  },
  modes: () => ({beginnings: ['', 'a', ' '], read: parseMode}),
  'lists of modes': () => ({beginnings: ['', 'a', 'a,'], read: (text) => modeFilter(text)?.('a')}),
  ranges: () => ({beginnings: ['', '0', '1'], read: parseRange}),
  'INI files': () => ({
    beginnings: [
      '',
      '[',
      '[a]\n',
      '[a]\nb',
      '[a]\nb = ',
      '[a]\nb =',
      '[a]\na = 1\nb = %(a)s',
      '[a]\nb = 1\n  ',
    ],
    read: (text) => parsePythonIni(text, 'config.ini'),
  }),
  'Python literals': () => ({
    beginnings: ['', '[', '(', "'", '"', '1', '-', '0', "['a',", 'u', "'\\", 'True'],
    read: parsePythonLiteral,
  }),
  'database URLs': () => ({
    beginnings: [
      '',
      'mysql',
      'mysql+',
      'mysql://',
      'mysql://u:',
      'mysql://u:p@',
      'mysql://h',
      'mysql://h:',
      'mysql://[',
      'mysql://h/',
      'mysql://h/d?',
      'mysql://h/d?a=',
      'sqlite:///',
    ],
    read: parseDatabaseUrl,
  }),
  'host addresses': () => ({beginnings: ['', 'a'], read: hostAddress}),
  seconds: () => ({beginnings: ['', '1', '1.'], read: seconds(0, 10)}),
  'command lines': () => ({
    beginnings: ['', '://', 'a://b:'],
    read: (text) => {
      hideSecrets([text]);
    },
  }),
};

/** Returns the CPU time of this process in milliseconds, which excludes other programs on a busy machine. */
const cpuTimeMs = (): number => {
  const {user, system} = process.cpuUsage();
  return (user + system) / 1000;
};

/** Measures a reader, whether it accepts the text or not; returns the best of up to eight tries. */
function timeOf({read, times = 1}: Subject, text: string): number {
  let best = Infinity;
  for (let tries = 0; tries < 8; tries++) {
    const start = cpuTimeMs();
    for (let time = 0; time < times && cpuTimeMs() - start < STOP_AFTER_MS; time++) {
      try {
        read(text);
      } catch {
        // A rejection is as good.
      }
    }
    best = Math.min(best, cpuTimeMs() - start);
    if (best < NOISE_MS) break;
  }
  return best;
}

/** Returns the parts of the first text that takes far more than four times as long at four times the size. */
function firstSuperLinear(subject: Subject): string | undefined {
  for (const beginning of subject.beginnings) {
    for (const unit of units) {
      for (const ending of endings) {
        const times: number[] = [];
        // From small to large: growth worse than quadratic is noticed before it takes minutes.
        for (let size = 250; size <= (subject.largest ?? MAX_LENGTH); size *= 2) {
          const text = beginning + unit.repeat(Math.floor(size / unit.length)) + ending;
          const time = timeOf(subject, text);
          const quarter = times.at(-2) ?? time;
          if (time > 8 * quarter + NOISE_MS)
            return `${JSON.stringify([beginning, unit, ending])}: ${time} ms at ${size}, ${quarter} ms at a quarter`;
          times.push(time);
        }
      }
    }
  }
  return undefined;
}

describe('the time to read foreign text grows linearly with its length', () => {
  it.each(Object.keys(subjects))('for %s', {timeout: 300_000}, (name) => {
    const subject = subjects[name]?.();
    if (subject === undefined) throw new Error(name);
    expect(firstSuperLinear(subject)).toBeUndefined();
  });

  it('by a measure that detects a quadratic reader', {timeout: 300_000}, () => {
    const spaces = / +$/;
    const planted: Subject = {beginnings: [''], read: (text) => spaces.test(text)};
    expect(firstSuperLinear(planted)).toMatch(/^\[""," ","/);
  });
});

describe('the linter', () => {
  it.each([
    ['rejects a pattern that backtracks', 'export const planted = /^a:[ ]*([ a]*?)[ ]*$/;\n'],
    ['rejects a pattern that is tried again at each character', 'export const planted = / +$/;\n'],
    ['accepts a linear pattern', undefined],
  ])('%s', {timeout: 120_000}, async (_, code) => {
    const eslint = new ESLint({cwd: root});
    const text = code ?? 'export const planted = /^[ a]*$/;\n';
    const [result] = await eslint.lintText(text, {filePath: join(root, 'src', 'lib', 'util', 'version.ts')});
    const rules = new Set(result?.messages.map(({ruleId}) => ruleId));
    expect([...rules]).toEqual(
      code === undefined ? [] : [expect.stringMatching(/^regexp\/no-super-linear-(?:backtracking|move)$/)],
    );
  });
});
