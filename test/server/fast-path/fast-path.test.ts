import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {untilQueued} from '../../helpers/network/health.js';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {lockDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {shared} from '../../helpers/run/shared.js';

/** A connection that sends and receives exact bytes. */
class Wire {
  readonly socket: Socket;
  #received = '';
  #isEnded = false;

  constructor(url: string) {
    this.socket = connect({port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true});
    this.socket.setEncoding('latin1').on('data', (text) => (this.#received += String(text)));
    this.socket.on('end', () => (this.#isEnded = true)).on('error', () => (this.#isEnded = true));
    onTestFinished(() => {
      this.socket.destroy();
    });
  }

  send(text: string): void {
    this.socket.write(text, 'latin1');
  }

  /** Waits for a number of answers, and returns their bodies. */
  async bodies(count: number): Promise<string[]> {
    for (;;) {
      const answers = [
        ...this.#received.matchAll(/HTTP\/1\.1 [0-9]{3} [^]*?\r\nContent-Length: ([0-9]+)[^]*?\r\n\r\n/gi),
      ];
      const bodies = answers.map((head) => {
        const start = head.index + head[0].length;
        return this.#received.slice(start, start + Number(head[1]));
      });
      if (bodies.length >= count) return bodies;
      if (this.#isEnded) throw new Error(`the connection ended after ${this.#received}`);
      await sleep(5);
    }
  }

  async untilEnded(): Promise<string> {
    while (!this.#isEnded) await sleep(5);
    return this.#received;
  }
}

const get = (mode: string, range = 1, more = ''): string =>
  `GET /getid?range=${range}&mode=${mode} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

const given = (start: number, end = start): string => `{"endIndex": ${end}, "startIndex": ${start}}`;

interface ServerInFolder extends RunningServer {
  readonly cwd: string;
}

async function start(): Promise<ServerInFolder> {
  const cwd = makeWorkspace();
  const env = {UNIQUEID_IDLE_TIMEOUT: '1', UNIQUEID_HEADER_TIMEOUT: '2'};
  return {...(await startServer(['--sync'], {cwd, env})), cwd};
}

const server = shared(start);
let modes = 0;
let mode: string;
let wire: Wire;

beforeEach(() => {
  mode = `mode${++modes}`;
  wire = new Wire(server().url);
});

const lock = ({cwd} = server()): (() => void) => lockDatabase(join(cwd, 'db.sqlite3'));

describe('a connection on the fast path', () => {
  it('gets the same answers as from node:http', async () => {
    wire.send(get(mode));
    await wire.bodies(1);
    // A header that only node:http handles.
    wire.send(get(mode, 1, 'Purpose: none\r\n'));
    await wire.bodies(2);
    wire.socket.end();
    const heads = (await wire.untilEnded()).split(/\{[^}]*\}/).slice(0, 2);
    const [plain, parsed] = heads.map((head) =>
      head
        .replace(/Date: .*/, 'Date: ')
        .trim()
        .split('\r\n')
        .sort()
        .join('\n'),
    );
    expect(plain).toBe(parsed);
    expect(heads[0]).toMatch(/Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\n/);
  });

  it('gets configured headers beyond ASCII in ISO-8859-1, as from node:http', async () => {
    const {url} = await startServer(['--sync'], {
      cwd: makeWorkspace(),
      env: {
        UNIQUEID_RESPONSE_HEADERS_ON: 'True',
        UNIQUEID_RESPONSE_HEADERS: String.raw`[('X-Site', 'caf\xe9')]`,
        UNIQUEID_ALLOWED_MODES: 'file',
      },
    });
    const extra = 'Purpose: none\r\n';
    const root = 'GET / HTTP/1.1\r\nHost: test\r\n\r\n';
    const head = 'HEAD / HTTP/1.1\r\nHost: test\r\n\r\n';
    for (const request of [
      get('file'),
      get('file', 1, extra),
      get('%C3%A9'),
      get('%C3%A9', 1, extra),
      root,
      head,
    ]) {
      const one = new Wire(url);
      one.send(request);
      one.socket.end();
      const text = await one.untilEnded();
      expect(text, request).toContain('\r\nX-Site: caf\xe9\r\n');
      const [, length, body = ''] = /Content-Length: (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? [];
      if (request === head) continue;
      expect(body).toHaveLength(Number(length));
      if (request.includes('%C3%A9')) expect(Buffer.from(body, 'latin1').toString('utf8')).toContain('é');
    }
  });

  it('returns to it after other requests, and keeps their order', async () => {
    const requests: [string, string | RegExp][] = [
      [get(mode), given(0)],
      [get(mode, 0), given(-1, -2)],
      [get(mode, 3), given(1, 3)],
      [
        get(mode, 9, 'Expect: nothing\r\n').replace('Expect: nothing\r\n', 'Content-Length: 2\r\n') + 'ab',
        given(4, 12),
      ],
      ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /Up and Running/],
      [get(mode), given(13)],
      [get(mode, 0).replace('range=0', 'range=x'), /400 Bad Request/],
      [get(mode), given(14)],
    ];
    for (const [index, [request, answer]] of requests.entries()) {
      wire.send(request);
      expect((await wire.bodies(index + 1))[index]).toMatch(
        answer instanceof RegExp ? answer : new RegExp(`^${answer.replace(/[{}]/g, '\\$&')}$`),
      );
    }
  });

  it('gets an error for a wrong query, then the next answer', async () => {
    wire.send(get(mode).replace('range=1', 'range=1&range=2'));
    wire.send(get(mode));
    const [error, range] = await wire.bodies(2);
    expect(JSON.parse(error ?? '')).toMatchObject({
      status: '400 Bad Request',
      message: expect.stringContaining('range') as string,
    });
    expect(range).toBe(given(0));
  });

  it('gets answers to pipelined requests in order', async () => {
    wire.send(get(mode).repeat(3));
    expect(await wire.bodies(3)).toEqual([given(0), given(1), given(2)]);
    const other = new Wire(server().url);
    other.send(get(mode));
    other.send(get(mode, 2));
    other.send(get(mode, 3) + get(mode, 4).slice(0, 20));
    other.send(get(mode, 4).slice(20));
    expect(await other.bodies(4)).toEqual([given(3), given(4, 5), given(6, 8), given(9, 12)]);
  });

  it('may send single bytes', async () => {
    for (const byte of get(mode, 5)) {
      wire.send(byte);
      await sleep(1);
    }
    expect(await wire.bodies(1)).toEqual([given(0, 4)]);
    wire.send(get(mode));
    expect((await wire.bodies(2))[1]).toBe(given(5));
  });

  it('is answered after the client has closed its half', async () => {
    wire.send(get(mode));
    wire.socket.end();
    expect(await wire.untilEnded()).toContain(given(0));
    const unlock = lock();
    const waiting = new Wire(server().url);
    waiting.send(get(mode));
    await sleep(50);
    waiting.socket.end();
    await sleep(50);
    unlock();
    expect(await waiting.untilEnded()).toContain(given(1));
  });

  it.each([
    ['HTTP/1.0', get('file').replace('HTTP/1.1', 'HTTP/1.0'), 1],
    ['Connection: close', get('file', 1, 'Connection: close\r\n'), 1],
    ['two requests', get('file').repeat(2), 2],
    ['a part of a second request', get('file') + 'GET /get', 1],
    ['malformed bytes behind it', `${get('file')}\x01\r\n\r\n`, 1],
    [
      'requests of several routes',
      `${get('file')}GET / HTTP/1.1\r\nHost: localhost\r\n\r\n${get('file')}`,
      2,
    ],
  ])('is answered if the client closes its half immediately, with %s', async (_, template, ranges) => {
    const text = template.replaceAll('mode=file', `mode=${mode}`);
    const firstLength = get(mode).length;
    const unlock = lock();
    wire.socket.end(text, 'latin1');
    const parts = new Wire(server().url);
    for (const part of [text.slice(0, firstLength), text.slice(firstLength)]) {
      if (part !== '') parts.send(part);
      await sleep(50);
    }
    parts.socket.end();
    await sleep(100);
    unlock();
    const answered = (await wire.untilEnded()) + (await parts.untilEnded());
    const starts = [...answered.matchAll(/"startIndex": (\d+)/g)].map(([, start]) => Number(start));
    expect(starts.sort((a, b) => a - b)).toEqual(Array.from({length: 2 * ranges}, (__, index) => index));
    const next = new Wire(server().url);
    next.send(get(mode));
    expect(await next.bodies(1)).toEqual([given(2 * ranges)]);
  });

  it.each([
    ['HTTP/1.0', (more: string) => get(mode, 1, more).replace('HTTP/1.1', 'HTTP/1.0')],
    ['Connection: close', (more: string) => get(mode, 1, `Connection: close\r\n${more}`)],
  ])('ends with its first answer for %s, as from node:http', async (_, request) => {
    wire.send(request(''));
    const text = await wire.untilEnded();
    // A request after this answer, or right behind the first one, must take nothing: no answer could leave.
    wire.send(get(mode));
    const unlock = lock();
    const hasty = new Wire(server().url);
    hasty.send(request(''));
    await sleep(50);
    hasty.send(get(mode));
    await sleep(50);
    unlock();
    expect(await hasty.untilEnded()).toContain(given(1));
    await sleep(50);
    const parsed = new Wire(server().url);
    // A header that only node:http handles.
    parsed.send(request('Purpose: none\r\n'));
    const [head, range] = text.split('\r\n\r\n');
    const [parsedHead, parsedRange] = (await parsed.untilEnded()).split('\r\n\r\n');
    const sorted = (lines: string | undefined): string[] | undefined =>
      lines
        ?.replace(/Date: .*/, 'Date: ')
        .split('\r\n')
        .sort();
    expect(sorted(head)).toEqual(sorted(parsedHead));
    expect([range, parsedRange]).toEqual([given(0), given(2)]);
  });

  it('is closed when it is silent, from its start or after an answer', async () => {
    const silent = wire.untilEnded();
    const once = new Wire(server().url);
    once.send(get(mode));
    expect(await once.bodies(1)).toEqual([given(0)]);
    expect(await once.untilEnded()).toContain(given(0));
    expect(await silent).toBe('');
  });

  it('may be reset before its answer without disturbing others', async () => {
    const unlock = lock();
    for (let gone = 0; gone < 5; gone++) {
      const leaving = new Wire(server().url);
      leaving.send(get(mode));
      await once(leaving.socket, 'connect');
      await sleep(20);
      leaving.socket.resetAndDestroy();
    }
    unlock();
    wire.send(get(`${mode}-other`));
    expect(await wire.bodies(1)).toEqual([given(0)]);
  });

  it('gets its answer with Connection: close when the server shuts down', async () => {
    const stopping = await start();
    const last = new Wire(stopping.url);
    const unlock = lock(stopping);
    last.send(get(mode));
    await untilQueued(stopping.url, 1);
    stopping.process.kill('SIGTERM');
    await sleep(100);
    unlock();
    const text = await last.untilEnded();
    expect(text).toContain('Connection: close\r\n');
    expect(text).toContain(given(0));
    expect((await stopping.finished).status).toBe(0);
  });
});
