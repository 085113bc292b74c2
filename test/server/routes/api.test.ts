import {createRequire} from 'node:module';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {ask, askRaw, rangeOf} from '../../helpers/network/http.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';
import {version} from '../../../src/lib/util/version.js';

interface WrongQuery {
  readonly query: string;
  readonly code: 'INVALID_MODE' | 'INVALID_RANGE' | 'INVALID_REQUEST';
  /** The parameter that the message names first. */
  readonly names: 'mode' | 'range';
  /** Parts of the message, such as the rejected value. */
  readonly shows?: readonly string[];
}

const wrongQueries: readonly WrongQuery[] = [
  {query: 'range=-1&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['"-1"']},
  {query: 'range=1.5&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['"1.5"']},
  {query: 'range=1e3&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['"1e3"']},
  {query: 'range=%2010&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['" 10"']},
  {query: 'range=+10&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['" 10"']},
  {query: 'range=%2B10&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['"+10"']},
  {query: 'range=10abc&mode=file', code: 'INVALID_RANGE', names: 'range', shows: ['"10abc"']},
  {query: 'range=&mode=file', code: 'INVALID_RANGE', names: 'range'},
  {query: 'range&mode=file', code: 'INVALID_RANGE', names: 'range'},
  {
    query: 'range=9223372036854775808&mode=file',
    code: 'INVALID_RANGE',
    names: 'range',
    shows: ['9223372036854775808', '1000000000'],
  },
  {
    query: 'range=99999999999999999999999&mode=file',
    code: 'INVALID_RANGE',
    names: 'range',
    shows: ['99999999999999999999999', '1000000000'],
  },
  {
    query: 'range=1000000001&mode=file',
    code: 'INVALID_RANGE',
    names: 'range',
    shows: ['1000000001', '1000000000'],
  },
  {query: 'range=1&range=1&mode=file', code: 'INVALID_REQUEST', names: 'range'},
  {query: 'range=1&mode=a&mode=a', code: 'INVALID_REQUEST', names: 'mode'},
  {query: 'range=1&mode=a&%6dode=a', code: 'INVALID_REQUEST', names: 'mode'},
  {query: 'mode=file', code: 'INVALID_REQUEST', names: 'range'},
  {query: 'range=1', code: 'INVALID_REQUEST', names: 'mode'},
  {query: '', code: 'INVALID_REQUEST', names: 'mode'},
  {query: 'range=1&mode=', code: 'INVALID_MODE', names: 'mode'},
  {query: `range=1&mode=${'m'.repeat(256)}`, code: 'INVALID_MODE', names: 'mode', shows: ['255', '256']},
  {query: 'range=1&mode=a%00b', code: 'INVALID_MODE', names: 'mode'},
  {query: 'range=1&mode=a%0Ab', code: 'INVALID_MODE', names: 'mode'},
  {query: 'range=1&mode=%ff', code: 'INVALID_REQUEST', names: 'mode'},
  {query: 'range=1&mode=%ED%A0%80', code: 'INVALID_REQUEST', names: 'mode'},
  {query: 'range=1&mode=+file', code: 'INVALID_MODE', names: 'mode'},
  {query: 'range=0&mode=', code: 'INVALID_MODE', names: 'mode'},
];

const tsx = createRequire(import.meta.url).resolve('tsx');
const bare = join(root, 'test/helpers/programs/bare-server.ts');

/** The API is the same with the fast path and without it. */
describe.each([
  {name: 'serve', program: undefined, node: {}},
  {name: 'node:http alone', program: bare, node: {NODE_OPTIONS: `--import=${tsx}`}},
])('the API of $name', ({program, node}) => {
  async function start(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<RunningServer & {cwd: string}> {
    const cwd = makeWorkspace();
    const options = {cwd, env: {...node, ...env}, ...(program === undefined ? {} : {program})};
    return {...(await startServer(['--sync', ...args], options)), cwd};
  }

  const server = shared(() => start());

  let modes = 0;
  /** Returns a mode that no other test uses. */
  const newMode = (): string => `mode${++modes}`;

  function counters(cwd: string): Promise<readonly (readonly string[])[]> {
    return makeSqliteDatabase(`${cwd}/db.sqlite3`).query('SELECT id, "index" FROM uniqueindex ORDER BY id');
  }

  /** Runs requests, and expects that they change no counter. */
  async function expectNoChange(requests: (url: string) => Promise<void>): Promise<void> {
    const {url, cwd} = server();
    const before = await counters(cwd);
    await requests(url);
    expect(await counters(cwd)).toEqual(before);
  }

  describe('GET /getid', () => {
    it('answers with the documented bytes, and counts on per mode', async () => {
      const {url} = await start();
      const first = await ask(url, '/getid?range=10&mode=file');
      expect(first).toMatchObject({status: 200, body: '{"endIndex": 9, "startIndex": 0}'});
      expect(first.headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'content-length': '32',
      });
      expect((await ask(url, '/getid?range=10&mode=file')).body).toBe('{"endIndex": 19, "startIndex": 10}');
      expect((await ask(url, '/getid?mode=upload&range=1')).body).toBe('{"endIndex": 0, "startIndex": 0}');
      expect((await ask(url, '/getid?range=1&mode=file', {method: 'POST'})).body).toBe(
        '{"endIndex": 20, "startIndex": 20}',
      );
    });

    it('answers an empty request and changes no counter', async () => {
      await expectNoChange(async (url) => {
        expect(await ask(url, `/getid?range=0&mode=${newMode()}`)).toMatchObject({
          status: 200,
          body: '{"endIndex": -2, "startIndex": -1}',
        });
      });
    });

    it('ignores other parameters, their order, a slash at the end and the host of a target', async () => {
      const {url} = server();
      const mode = newMode();
      for (const [index, target] of [
        `/getid?_=123&range=2&x&mode=${mode}&&y=%zz`,
        `/getid/?range=2&mode=${mode}`,
        `http://proxied.example/getid?range=2&mode=${mode}`,
      ].entries()) {
        const start = BigInt(2 * index);
        expect(rangeOf(await ask(url, target)), target).toEqual({start, end: start + 1n});
      }
    });

    it('decodes modes as forms encode them', async () => {
      const {url, cwd} = await start();
      const encoded = [
        'mode+with%20space',
        encodeURIComponent('Файл'),
        '%F0%9F%97%82',
        'a%26b%3Dc%2Bd%25',
        '100%',
      ];
      for (const mode of encoded)
        expect(rangeOf(await ask(url, `/getid?range=1&mode=${mode}`)), mode).toEqual({start: 0n, end: 0n});
      const found = (await counters(cwd)).map(([mode]) => mode);
      expect(found).toEqual(['100%', 'a&b=c+d%', 'mode with space', 'Файл', '🗂']);
    });

    it('rejects wrong queries with 400, names the parameter and shows its value', async () => {
      const rejected = async (url: string, code: string): Promise<number> => {
        const {body} = await ask(url, '/metrics');
        const series = new RegExp(`^uniqueid_rejected_requests_total\\{reason="${code}"\\} (\\d+)$`, 'm');
        return Number(series.exec(body)?.[1] ?? 0);
      };
      await expectNoChange(async (url) => {
        for (const {query, code, names, shows = []} of wrongQueries) {
          const before = await rejected(url, code);
          const answer = await ask(url, `/getid?${query}`);
          expect(answer.status, query).toBe(400);
          expect(await rejected(url, code), `${query} is counted as ${code}`).toBe(before + 1);
          expect(answer.headers, query).toMatchObject({
            'content-type': 'application/json',
            'cache-control': 'no-store',
          });
          expect(answer.body, query).toMatch(
            /^\{"status": "400 Bad Request", "message": ".+", "traceback": "", "version": ".+"\}$/,
          );
          const {message, ...others} = JSON.parse(answer.body) as {message: string};
          expect(others, query).toEqual({status: '400 Bad Request', traceback: '', version});
          expect(/\b(?:mode|range)\b/.exec(message)?.[0], message).toBe(names);
          for (const part of shows) expect(message).toContain(part);
        }
      });
    });

    it('allocates up to max_range and up to the end of a counter', async () => {
      const {url} = await start([], {UNIQUEID_MAX_RANGE: '9223372036854775807', UNIQUEID_FIRST_INDEX: '1'});
      expect((await ask(url, '/getid?range=9223372036854775807&mode=a')).status).toBe(409);
      expect((await ask(url, '/getid?range=9223372036854775806&mode=a')).body).toBe(
        '{"endIndex": 9223372036854775806, "startIndex": 1}',
      );
      expect((await ask(url, '/getid?range=1&mode=a')).status).toBe(409);
    });

    it('rejects a range that does not fit its counter, and issues the last ones exactly', async () => {
      const {url, cwd} = await start();
      const database = makeSqliteDatabase(`${cwd}/db.sqlite3`);
      await database.execute(`INSERT INTO uniqueindex VALUES ('file', 9223372036854775800)`);
      const rejected = await ask(url, '/getid?range=8&mode=file');
      expect(rejected.status).toBe(409);
      const {message} = JSON.parse(rejected.body) as {message: string};
      for (const number of [/\b7\b/, /\b8\b/]) expect(message).toMatch(number);
      expect((await ask(url, '/getid?range=7&mode=file')).body).toBe(
        '{"endIndex": 9223372036854775806, "startIndex": 9223372036854775800}',
      );
      expect((await ask(url, '/getid?range=1&mode=file')).status).toBe(409);
      expect(await database.query('SELECT typeof("index"), "index" FROM uniqueindex')).toEqual([
        ['integer', '9223372036854775807'],
      ]);
    });
  });

  describe('requests that must not allocate', () => {
    it('HEAD is rejected with 405', async () => {
      await expectNoChange(async (url) => {
        const answer = await ask(url, '/getid?range=10&mode=file', {method: 'HEAD'});
        expect(answer).toMatchObject({status: 405, body: ''});
        expect(answer.headers).toMatchObject({allow: 'GET, POST', 'cache-control': 'no-store'});
      });
    });

    it.each([
      ['Sec-Purpose', 'prefetch'],
      ['Sec-Purpose', 'prefetch;prerender'],
      ['Purpose', 'prefetch'],
      ['X-Moz', 'prefetch'],
    ])('a prefetch with the header %s: %s is rejected with 425', async (name, value) => {
      await expectNoChange(async (url) => {
        const answer = await ask(url, '/getid?range=10&mode=file', {headers: {[name]: value}});
        expect(answer.status).toBe(425);
        expect(JSON.parse(answer.body)).toMatchObject({status: '425 Too Early'});
      });
    });

    it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is rejected with 405', async (method) => {
      await expectNoChange(async (url) => {
        const answer = await ask(url, '/getid?range=10&mode=file', {method});
        expect(answer).toMatchObject({status: 405, headers: {allow: 'GET, POST'}});
        expect(JSON.parse(answer.body)).toMatchObject({status: '405 Method Not Allowed', traceback: ''});
      });
    });
  });

  describe('other paths', () => {
    it('/ answers as the Python service does', async () => {
      const {url} = server();
      const answer = await ask(url, '/');
      expect(answer).toMatchObject({status: 200, body: '{"message": "Pacifica UniqueID Up and Running"}'});
      expect(answer.headers['cache-control']).toBe('no-store');
      expect((await ask(url, '/', {method: 'HEAD'})).status).toBe(200);
      expect(await ask(url, '/', {method: 'POST'})).toMatchObject({
        status: 405,
        headers: {allow: 'GET, HEAD'},
      });
    });

    it.each(['/nothing', '/getid/x', '//getid', '/GETID', '/__proto__', '/constructor', '*'])(
      '%s is answered with 404',
      async (path) => {
        const {url} = server();
        const answer = await ask(url, path);
        expect(answer.status).toBe(404);
        expect(JSON.parse(answer.body)).toMatchObject({status: '404 Not Found', traceback: '', version});
      },
    );
  });

  describe('bytes that are no plain GET', () => {
    // Of all supported parsers of node:http, only that of the first ones of Node.js 20 accepts such bytes.
    const unencodedTarget: readonly [string, string][] =
      Number.parseInt(process.versions.llhttp ?? '', 10) < 9
        ? []
        : [['GET /getid?mode=Файл&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n', '400 Bad Request']];
    it.each<[string, string]>([
      ['garbage\r\n\r\n', '400 Bad Request'],
      ['GET /getid?mode=a b&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n', '400 Bad Request'],
      ...unencodedTarget,
      [
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
        '431 Request Header Fields Too Large',
      ],
    ])('are answered with an error of the same form if they are malformed (%#)', async (bytes, status) => {
      const {url} = server();
      const answer = await askRaw(url, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status}\r\n`));
      expect(answer).toContain('Cache-Control: no-store');
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({status, traceback: ''});
      expect((await ask(url, '/')).status).toBe(200);
    });

    it('with a body are answered without it, and so is the next request', async () => {
      const {url} = server();
      const target = `/getid?range=1&mode=${newMode()}`;
      const post = `POST ${target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello`;
      const get = `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
      const answer = await askRaw(url, post + get);
      expect(answer.match(/"startIndex": \d+/g)).toEqual(['"startIndex": 0', '"startIndex": 1']);
    });

    it('with pipelined requests are answered in order', async () => {
      const {url} = server();
      const mode = newMode();
      const one = (close: string): string =>
        `GET /getid?range=2&mode=${mode} HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`;
      const answer = await askRaw(url, one('').repeat(9) + one('Connection: close\r\n'));
      expect(answer.match(/"startIndex": \d+/g)).toEqual(
        Array.from({length: 10}, (_, index) => `"startIndex": ${index * 2}`),
      );
    });
  });
});
