import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {untilQueued} from '../../helpers/network/health.js';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {lockDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {join} from 'node:path';

/** One connection, byte for byte. */
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

  /** The bodies of the next answers, once so many have come. */
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

let cwd: string;
let server: RunningServer;
let wire: Wire;

beforeEach(async () => {
  cwd = makeWorkspace();
  server = await startServer(['--sync'], {
    cwd,
    env: {UNIQUEID_IDLE_TIMEOUT: '1', UNIQUEID_HEADER_TIMEOUT: '2'},
  });
  wire = new Wire(server.url);
});

describe('a connection with plain requests', () => {
  it('is told what node:http tells', async () => {
    wire.send(get('file'));
    await wire.bodies(1);
    // A header that node:http has to look at.
    wire.send(get('file', 1, 'Purpose: none\r\n'));
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

  it('gets configured headers beyond ASCII in the bytes of ISO-8859-1, as from node:http', async () => {
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

  it('goes on after anything else, in order', async () => {
    const requests: [string, string | RegExp][] = [
      [get('file'), given(0)],
      [get('file', 0), given(-1, -2)],
      [get('file', 3), given(1, 3)],
      [
        get('file', 9, 'Expect: nothing\r\n').replace('Expect: nothing\r\n', 'Content-Length: 2\r\n') + 'ab',
        given(4, 12),
      ],
      ['GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', /Up and Running/],
      [get('file'), given(13)],
      [get('file', 0).replace('range=0', 'range=x'), /400 Bad Request/],
      [get('file'), given(14)],
    ];
    for (const [index, [request, answer]] of requests.entries()) {
      wire.send(request);
      expect((await wire.bodies(index + 1))[index]).toMatch(
        answer instanceof RegExp ? answer : new RegExp(`^${answer.replace(/[{}]/g, '\\$&')}$`),
      );
    }
  });

  it('answers an error as node:http does, and goes on', async () => {
    wire.send(get('file').replace('range=1', 'range=1&range=2'));
    wire.send(get('file'));
    const [error, range] = await wire.bodies(2);
    expect(error).toContain('range is given more than once');
    expect(range).toBe(given(0));
  });

  it('keeps the order of requests that come before their answers', async () => {
    wire.send(get('file').repeat(3));
    expect(await wire.bodies(3)).toEqual([given(0), given(1), given(2)]);
    const other = new Wire(server.url);
    other.send(get('file'));
    other.send(get('file', 2));
    other.send(get('file', 3) + get('file', 4).slice(0, 20));
    other.send(get('file', 4).slice(20));
    expect(await other.bodies(4)).toEqual([given(3), given(4, 5), given(6, 8), given(9, 12)]);
  });

  it('may bring its bytes one at a time', async () => {
    for (const byte of get('file', 5)) {
      wire.send(byte);
      await sleep(1);
    }
    expect(await wire.bodies(1)).toEqual([given(0, 4)]);
    wire.send(get('file'));
    expect((await wire.bodies(2))[1]).toBe(given(5));
  });

  it('is answered when the client has closed its half, before or after', async () => {
    wire.send(get('file'));
    wire.socket.end();
    expect(await wire.untilEnded()).toContain(given(0));
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    const waiting = new Wire(server.url);
    waiting.send(get('file'));
    await sleep(50);
    waiting.socket.end();
    await sleep(50);
    unlock();
    expect(await waiting.untilEnded()).toContain(given(1));
  });

  it.each([
    ['HTTP/1.0', get('file').replace('HTTP/1.1', 'HTTP/1.0'), 1],
    ['a wish to close', get('file', 1, 'Connection: close\r\n'), 1],
    ['two requests', get('file').repeat(2), 2],
    ['nothing after a part of another', get('file') + 'GET /get', 1],
    ['nonsense behind it', `${get('file')}\x01\r\n\r\n`, 1],
    [
      'requests of several routes',
      `${get('file')}GET / HTTP/1.1\r\nHost: localhost\r\n\r\n${get('file')}`,
      2,
    ],
  ])('half closed at once is answered, with %s', async (_, text, ranges) => {
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    wire.socket.end(text, 'latin1');
    const parts = new Wire(server.url);
    for (const part of [text.slice(0, get('file').length), text.slice(get('file').length)]) {
      if (part !== '') parts.send(part);
      await sleep(50);
    }
    parts.socket.end();
    await sleep(100);
    unlock();
    const answered = (await wire.untilEnded()) + (await parts.untilEnded());
    const starts = [...answered.matchAll(/"startIndex": (\d+)/g)].map(([, start]) => Number(start));
    expect(starts.sort((a, b) => a - b)).toEqual(Array.from({length: 2 * ranges}, (__, index) => index));
    const next = new Wire(server.url);
    next.send(get('file'));
    expect(await next.bodies(1)).toEqual([given(2 * ranges)]);
  });

  it('that says nothing, or nothing more, is closed', async () => {
    const silent = wire.untilEnded();
    const once = new Wire(server.url);
    once.send(get('file'));
    expect(await once.bodies(1)).toEqual([given(0)]);
    expect(await once.untilEnded()).toContain(given(0));
    expect(await silent).toBe('');
  });

  it('that goes away before its answer does no harm', async () => {
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    for (let gone = 0; gone < 5; gone++) {
      const leaving = new Wire(server.url);
      leaving.send(get('file'));
      await once(leaving.socket, 'connect');
      await sleep(20);
      leaving.socket.resetAndDestroy();
    }
    unlock();
    wire.send(get('other'));
    expect(await wire.bodies(1)).toEqual([given(0)]);
  });

  it('is told to close when the server stops, and its answer comes first', async () => {
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    wire.send(get('file'));
    await untilQueued(server.url, 1);
    server.process.kill('SIGTERM');
    await sleep(100);
    unlock();
    const text = await wire.untilEnded();
    expect(text).toContain('Connection: close\r\n');
    expect(text).toContain(given(0));
    expect((await server.finished).status).toBe(0);
  });
});
