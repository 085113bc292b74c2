// Failures that fuzzing has found, each of them fixed.
import {writeFileSync} from 'node:fs';
import {connect, type Socket} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {startServer} from '../helpers/programs/cli.js';
import {shared} from '../helpers/run/shared.js';
import {Tokens} from '../../src/lib/server/http/tokens.js';
import {lockDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {flawOf, readAnswers} from '../../verification/fuzz/answers.js';

const server = shared(async () => {
  const cwd = makeWorkspace();
  return {...(await startServer(['--sync'], {cwd})), cwd};
});
let modes = 0;
let mode: string;

beforeEach(() => {
  mode = `mode${++modes}`;
});

/** Opens a connection that is closed by the server or with the test. */
function open(): {socket: Socket; received: () => string; ended: Promise<string>} {
  const socket = connect({port: Number(new URL(server().url).port), host: '127.0.0.1', allowHalfOpen: true});
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => (text += String(chunk)));
  const ended = new Promise<string>((resolve) => {
    const over = (): void => {
      resolve(text);
    };
    socket.on('end', over).on('error', over).on('close', over);
  });
  onTestFinished(() => {
    socket.destroy();
  });
  return {socket, received: () => text, ended};
}

async function until(isReached: () => boolean): Promise<void> {
  while (!isReached()) await sleep(5);
}

const get = (range: number, more = ''): string =>
  `GET /getid?range=${range}&mode=${mode} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const given = (start: number, end: number): string => `{"endIndex": ${end}, "startIndex": ${start}}`;

describe('a server', () => {
  it('rejects HTTP/1.1 without Host in the form of all errors, and accepts HTTP/1.0 without it', async () => {
    const {socket, received} = open();
    socket.write(`GET /getid?range=1&mode=${mode} HTTP/1.1\r\n\r\n`);
    await until(() => received().endsWith('}'));
    const [answer] = readAnswers(received());
    expect(answer?.status).toBe(400);
    expect(answer?.body).toContain('Host');
    expect(answer && flawOf(answer)).toBeUndefined();
    const old = open();
    old.socket.write(`GET /getid?range=1&mode=${mode} HTTP/1.0\r\n\r\n`);
    expect(await old.ended).toContain(given(0, 0));
  });

  it.each(['200-ok', ''])('ignores the unknown expectation %j', async (expectation) => {
    const {socket, received} = open();
    socket.write(get(1, `Expect: ${expectation}\r\n`));
    await until(() => received().endsWith('}'));
    expect(received()).toContain(given(0, 0));
  });

  it.each(['', 'Purpose: none\r\n', 'Expect: something\r\n'])(
    'does not answer malformed bytes in place of the request with %j before them',
    async (line) => {
      const unlock = lockDatabase(join(server().cwd, 'db.sqlite3'));
      const {socket, ended} = open();
      socket.write(get(1, line));
      await sleep(50);
      socket.write('malformed\r\n\r\n');
      await sleep(100);
      unlock();
      expect(await ended).not.toContain('400 Bad Request');
    },
  );

  it('closes a connection after an upgrade request, because requests behind it may be lost', async () => {
    const {socket, ended} = open();
    socket.write(get(3, 'Connection: upgrade\r\nUpgrade: websocket\r\n') + get(1));
    const answers = readAnswers(await ended);
    expect(answers.map(({body}) => body)).toEqual([given(0, 2)]);
    expect(answers[0]?.headers.get('connection')).toBe('close');
  });
});

it.each([
  '0123456789abcdef0123456789abcdef',
  '[alice]\n0123456789abcdef0123456789abcdef',
  '[alice]\n0123456789abcdef=',
])('a tokens file with a bare token on a line is rejected without showing the token: %j', (content) => {
  const path = join(makeWorkspace(), 'tokens.ini');
  writeFileSync(path, content);
  expect(() => new Tokens(path)).toThrow(/tokens\.ini:\d: (?!.*0123)/);
});

it('an answer is left out if the end of a connection has cut it, and an error otherwise', () => {
  const whole = `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n`;
  for (const cut of [`${whole}ab`, whole.slice(0, 20)]) {
    expect(readAnswers(`${whole}abc${cut}`, true)).toHaveLength(1);
    expect(() => readAnswers(`${whole}abc${cut}`)).toThrow(/cut|not an answer/);
  }
});

it('a server reads the same requests from two packets, wherever they are split', async () => {
  const text = get(1) + get(2, 'Purpose: none\r\n') + get(3);
  let next = 0;
  for (let cut = 1; cut < text.length; cut++) {
    const {socket, received} = open();
    socket.setNoDelay(true).write(text.slice(0, cut));
    // A delay in every other turn lets the server read the first packet alone.
    await sleep(cut % 2);
    socket.write(text.slice(cut));
    await until(() => received().split('endIndex').length === 4);
    expect(readAnswers(received()).map(({body}) => body)).toEqual([
      given(next, next),
      given(next + 1, next + 2),
      given(next + 3, next + 5),
    ]);
    next += 6;
    socket.destroy();
  }
});
