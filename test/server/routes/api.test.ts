import {createRequire} from 'node:module';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {ask, askRaw, rangeOf} from '../../helpers/network/http.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';
import {version} from '../../../src/lib/util/version.js';

/** Queries of /getid, and what the answer says is wrong with each. */
const wrongQueries: readonly (readonly [string, string])[] = [
  ['range=-1&mode=file', 'range must be a whole number in decimal digits, not "-1".'],
  ['range=1.5&mode=file', 'not "1.5".'],
  ['range=1e3&mode=file', 'not "1e3".'],
  ['range=%2010&mode=file', 'not " 10".'],
  ['range=+10&mode=file', 'not " 10".'],
  ['range=%2B10&mode=file', 'not "+10".'],
  ['range=10abc&mode=file', 'not "10abc".'],
  ['range=&mode=file', 'not an empty text.'],
  ['range&mode=file', 'not an empty text.'],
  ['range=9223372036854775808&mode=file', 'range 9223372036854775808 is larger than the 1000000000'],
  ['range=99999999999999999999999&mode=file', 'is larger than the 1000000000'],
  ['range=1000000001&mode=file', 'is larger than the 1000000000'],
  ['range=1&range=1&mode=file', 'range is given more than once.'],
  ['range=1&mode=a&mode=a', 'mode is given more than once.'],
  ['range=1&mode=a&%6dode=a', 'mode is given more than once.'],
  ['mode=file', 'range is missing.'],
  ['range=1', 'mode is missing.'],
  ['', 'mode is missing.'],
  ['range=1&mode=', 'mode must not be empty.'],
  [`range=1&mode=${'m'.repeat(256)}`, 'mode must have at most 255 characters, not 256.'],
  ['range=1&mode=a%00b', 'mode must not hold control characters.'],
  ['range=1&mode=a%0Ab', 'mode must not hold control characters.'],
  ['range=1&mode=%ff', 'mode is not well-formed UTF-8'],
  ['range=1&mode=%ED%A0%80', 'mode is not well-formed UTF-8'],
  ['range=1&mode=+file', 'mode must not begin or end with white space.'],
  ['range=0&mode=', 'mode must not be empty.'],
];

const tsx = createRequire(import.meta.url).resolve('tsx');
const bare = join(root, 'test/helpers/programs/bare-server.ts');

/** The API promises the same with the fast path and without it. */
describe.each([
  {name: 'serve', program: undefined, node: {}},
  {name: 'node:http alone', program: bare, node: {NODE_OPTIONS: `--import=${tsx}`}},
])('$name', ({program, node}) => {
  async function start(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<RunningServer & {cwd: string}> {
    const cwd = makeWorkspace();
    const options = {cwd, env: {...node, ...env}, ...(program === undefined ? {} : {program})};
    return {...(await startServer(['--sync', ...args], options)), cwd};
  }

  describe('GET /getid', () => {
    it('answers the documented bytes, then what follows', async () => {
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

    it('answers an empty request and touches nothing', async () => {
      const {url, cwd} = await start();
      expect(await ask(url, '/getid?range=0&mode=file')).toMatchObject({
        status: 200,
        body: '{"endIndex": -2, "startIndex": -1}',
      });
      expect(await makeSqliteDatabase(`${cwd}/db.sqlite3`).query('SELECT count(*) FROM uniqueindex')).toEqual(
        [['0']],
      );
    });

    it('ignores other parameters, in any order, and an absolute target', async () => {
      const {url} = await start();
      expect(rangeOf(await ask(url, '/getid?_=123&range=2&x&mode=file&&y=%zz'))).toEqual({
        start: 0n,
        end: 1n,
      });
      expect(rangeOf(await ask(url, '/getid/?range=2&mode=file'))).toEqual({start: 2n, end: 3n});
      expect(rangeOf(await ask(url, 'http://proxied.example/getid?range=2&mode=file'))).toEqual({
        start: 4n,
        end: 5n,
      });
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
      const modes = await makeSqliteDatabase(`${cwd}/db.sqlite3`).query(
        'SELECT id FROM uniqueindex ORDER BY id',
      );
      expect(modes.flat()).toEqual(['100%', 'a&b=c+d%', 'mode with space', 'Файл', '🗂']);
    });

    it('refuses what is wrong with 400 and says why', async () => {
      const {url, cwd} = await start();
      for (const [query, message] of wrongQueries) {
        const answer = await ask(url, `/getid?${query}`);
        expect(answer.status, query).toBe(400);
        expect(answer.headers, query).toMatchObject({
          'content-type': 'application/json',
          'cache-control': 'no-store',
        });
        expect(answer.body, query).toMatch(
          /^\{"status": "400 Bad Request", "message": ".+", "traceback": "", "version": ".+"\}$/,
        );
        expect(JSON.parse(answer.body), query).toEqual({
          status: '400 Bad Request',
          message: expect.stringContaining(message) as string,
          traceback: '',
          version,
        });
      }
      expect(await makeSqliteDatabase(`${cwd}/db.sqlite3`).query('SELECT count(*) FROM uniqueindex')).toEqual(
        [['0']],
      );
    });

    it('takes as many at once as max_range allows, and no more', async () => {
      const {url} = await start([], {UNIQUEID_MAX_RANGE: '9223372036854775807', UNIQUEID_FIRST_INDEX: '1'});
      expect((await ask(url, '/getid?range=9223372036854775807&mode=a')).status).toBe(409);
      expect((await ask(url, '/getid?range=9223372036854775806&mode=a')).body).toBe(
        '{"endIndex": 9223372036854775806, "startIndex": 1}',
      );
      expect((await ask(url, '/getid?range=1&mode=a')).status).toBe(409);
    });

    it('refuses what does not fit a counter, with every digit right', async () => {
      const {url, cwd} = await start();
      const database = makeSqliteDatabase(`${cwd}/db.sqlite3`);
      await database.execute(`INSERT INTO uniqueindex VALUES ('file', 9223372036854775800)`);
      const refused = await ask(url, '/getid?range=8&mode=file');
      expect(refused.status).toBe(409);
      expect(refused.body).toContain('has 7 integers left, fewer than the 8 asked for');
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
    it('HEAD is refused with 405', async () => {
      const {url} = await start();
      const answer = await ask(url, '/getid?range=10&mode=file', {method: 'HEAD'});
      expect(answer).toMatchObject({status: 405, body: ''});
      expect(answer.headers).toMatchObject({allow: 'GET, POST', 'cache-control': 'no-store'});
      expect(rangeOf(await ask(url, '/getid?range=1&mode=file')).start).toBe(0n);
    });

    it.each([
      ['Sec-Purpose', 'prefetch'],
      ['Sec-Purpose', 'prefetch;prerender'],
      ['Purpose', 'prefetch'],
      ['X-Moz', 'prefetch'],
    ])('a prefetch marked %s: %s is refused with 425', async (name, value) => {
      const {url} = await start();
      const answer = await ask(url, '/getid?range=10&mode=file', {headers: {[name]: value}});
      expect(answer.status).toBe(425);
      expect(JSON.parse(answer.body)).toMatchObject({status: '425 Too Early'});
      expect(rangeOf(await ask(url, '/getid?range=1&mode=file')).start).toBe(0n);
    });

    it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is refused with 405', async (method) => {
      const {url} = await start();
      const answer = await ask(url, '/getid?range=10&mode=file', {method});
      expect(answer).toMatchObject({status: 405, headers: {allow: 'GET, POST'}});
      expect(JSON.parse(answer.body)).toMatchObject({status: '405 Method Not Allowed', traceback: ''});
    });
  });

  describe('other paths', () => {
    it('the root says what the Python service says', async () => {
      const {url} = await start();
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
      '%s is not found',
      async (path) => {
        const {url} = await start();
        const answer = await ask(url, path);
        expect(answer.status).toBe(404);
        expect(JSON.parse(answer.body)).toMatchObject({status: '404 Not Found', traceback: '', version});
      },
    );
  });

  describe('what is no request of ours', () => {
    it.each([
      ['garbage\r\n\r\n', '400 Bad Request'],
      ['GET /getid?mode=a b&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n', '400 Bad Request'],
      // Text that is not percent-encoded: node:http takes no byte beyond ASCII in a target.
      ['GET /getid?mode=Файл&range=1 HTTP/1.1\r\nHost: localhost\r\n\r\n', '400 Bad Request'],
      [
        `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
        '431 Request Header Fields Too Large',
      ],
    ])('gets an error of the same form (%#)', async (bytes, status) => {
      const {url} = await start();
      const answer = await askRaw(url, bytes);
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status}\r\n`));
      expect(answer).toContain('Cache-Control: no-store');
      expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({status, traceback: ''});
      expect((await ask(url, '/')).status).toBe(200);
    });

    it('a body is not read, and does not disturb the next request', async () => {
      const {url} = await start();
      const post =
        'POST /getid?range=1&mode=file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello';
      const get = 'GET /getid?range=1&mode=file HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
      const answer = await askRaw(url, post + get);
      expect(answer.match(/"startIndex": \d+/g)).toEqual(['"startIndex": 0', '"startIndex": 1']);
    });

    it('pipelined requests are answered in order', async () => {
      const {url} = await start();
      const one = (close: string): string =>
        `GET /getid?range=2&mode=file HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`;
      const answer = await askRaw(url, one('').repeat(9) + one('Connection: close\r\n'));
      expect(answer.match(/"startIndex": \d+/g)).toEqual(
        Array.from({length: 10}, (_, index) => `"startIndex": ${index * 2}`),
      );
    });
  });
});
