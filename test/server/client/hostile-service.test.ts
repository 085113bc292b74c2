import {createServer as createRawServer, type Socket} from 'node:net';
import {gzipSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import {Client} from '../../../src/client.js';
import {readServiceStatus} from '../../../src/lib/client/service-status.js';
import {cli} from '../../helpers/programs/cli.js';
import {listening, serving} from '../../helpers/network/listening.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';

const answering = (text: string, headers = {}): Promise<string> =>
  serving((_, response) => response.writeHead(200, headers).end(text));

function client(...servers: string[]): Client {
  const made = new Client({servers, timeoutMs: 5000});
  onTestFinished(() => {
    made.close();
  });
  return made;
}

const failure = expect.objectContaining({code: 'REMOTE_FAILED', transient: false}) as unknown;

/** Serves an endless body, and counts the bytes sent. */
async function endless(head: object): Promise<{url: string; sentBytes: () => number}> {
  let socket: Socket | undefined;
  const url = await serving((request, response) => {
    ({socket} = request);
    response.writeHead(200, {...head});
    const chunk = Buffer.alloc(65_536, 32);
    const pump = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', pump);
    pump();
  });
  return {url, sentBytes: () => socket?.bytesWritten ?? 0};
}

describe('the client of a hostile service', () => {
  const range = '{"endIndex": 9, "startIndex": 0}';

  it('accepts the answers of an honest one', async () => {
    expect(await client(await answering(range)).allocate('file', 10)).toEqual({start: 0n, end: 9n});
    const identity = await answering(range, {'content-encoding': 'Identity'});
    expect(await client(identity).allocate('file', 10)).toEqual({start: 0n, end: 9n});
  });

  it('requests no content encoding, and rejects an encoded answer', async () => {
    const asked: unknown[] = [];
    const url = await serving((request, response) => {
      asked.push(request.headers['accept-encoding']);
      response.writeHead(200, {'content-encoding': 'gzip'}).end(gzipSync(range));
    });
    await expect(client(url).allocate('file', 10)).rejects.toEqual(failure);
    expect(asked).toEqual(['identity']);
  });

  it.each([{}, {'content-length': '6000000000'}, {'content-encoding': 'gzip'}])(
    'reads at most 1 MB of an endless body, with %o',
    async (head) => {
      const {url, sentBytes} = await endless(head);
      await expect(client(url).allocate('file', 10)).rejects.toEqual(failure);
      // Includes the buffers of the system between two sockets.
      expect(sentBytes()).toBeLessThan(32_000_000);
      const taken = await cli(['getid', '-m', 'file', '--server', url], {cwd: makeWorkspace()});
      expect(taken).toMatchObject({status: 7, stdout: ''});
      expect(sentBytes()).toBeLessThan(32_000_000);
    },
  );

  it('limits the total time, including that of the body', async () => {
    const url = await serving((_, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 10);
      response.on('close', () => {
        clearInterval(drip);
      });
    });
    const hasty = new Client({servers: [url], timeoutMs: 300});
    await expect(hasty.allocate('file', 10)).rejects.toMatchObject({code: 'REMOTE_FAILED'});
    const args = ['getid', '-m', 'file', '--retries', '0', '--timeout', '0.3', '--server', url];
    expect((await cli(args, {cwd: makeWorkspace()})).status).toBe(7);
  });

  it('limits the time for a service that resets each connection after its first answer', async () => {
    let requests = 0;
    const url = await serving((request, response) => {
      if (++requests === 1) response.end(range);
      else request.socket.resetAndDestroy();
    });
    const hasty = new Client({servers: [url], timeoutMs: 300});
    expect((await hasty.allocate('file', 10)).start).toBe(0n);
    await expect(hasty.allocate('file', 10)).rejects.toMatchObject({code: 'REMOTE_FAILED'});
  });

  it('repeats a request on a new connection if its idle one has been closed', async () => {
    let requests = 0;
    const url = await serving((request, response) => {
      if (++requests === 2) request.socket.resetAndDestroy();
      else response.end(range);
    });
    await readRange(url);
    await readRange(url);
    expect(requests).toBe(3);

    async function readRange(server: string): Promise<void> {
      const {requestRange} = await import('../../../src/lib/client/request.js');
      const options = {timeoutMs: 5000, retries: 0};
      expect((await requestRange([server], 'file', 10n, options)).end).toBe(9n);
    }
  });

  it('follows no redirect', async () => {
    let isAsked = false;
    const other = await serving((_, response) => {
      isAsked = true;
      response.end(range);
    });
    const url = await serving((request, response) => {
      response.writeHead(307, {location: `${other}${request.url}`}).end();
    });
    await expect(client(url).allocate('file', 10)).rejects.toEqual(failure);
    expect(isAsked).toBe(false);
  });

  it.each([
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(100_000)}`],
    ['no HTTP', 'hello\r\n\r\n'],
    ['a body cut short', 'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}'],
  ])('fails within the time limit at %s', async (_, bytes) => {
    const url = await listening(
      createRawServer((socket) => {
        socket.end(bytes);
      }),
    );
    const {requestRange} = await import('../../../src/lib/client/request.js');
    const asked = requestRange([url], 'file', 10n, {timeoutMs: 20_000, retries: 0});
    await expect(asked).rejects.toMatchObject({code: 'REMOTE_FAILED'});
  });

  const wrongRanges: [string, number, string][] = [
    ['an end below the range', 10, '{"endIndex": 8, "startIndex": 0}'],
    ['an end above the range', 10, '{"endIndex": 10, "startIndex": 0}'],
    ['a negative start', 10, '{"endIndex": 8, "startIndex": -1}'],
    [
      '2^63-1, which no counter issues',
      1,
      '{"endIndex": 9223372036854775807, "startIndex": 9223372036854775807}',
    ],
    ['more than 63 bits', 1, '{"endIndex": 9999999999999999999, "startIndex": 9999999999999999999}'],
    ['leading zeros', 10, '{"endIndex": 009, "startIndex": 0}'],
    ['a fraction', 10, '{"endIndex": 9.0, "startIndex": 0}'],
    ['texts', 10, '{"endIndex": "9", "startIndex": "0"}'],
    ['keys twice', 10, '{"endIndex": 9, "startIndex": 0, "startIndex": 5}'],
    ['a range for an empty request', 0, '{"endIndex": 4, "startIndex": 5}'],
    ['an empty range for a request of 1', 1, '{"endIndex": -2, "startIndex": -1}'],
    ['an end below the start', 1, '{"endIndex": 4, "startIndex": 6}'],
    ['an end below the start that differs by the size', 10, '{"endIndex": 0, "startIndex": 9}'],
    ['a range up to 2^63-1', 10, '{"endIndex": 9223372036854775807, "startIndex": 9223372036854775798}'],
    ['2^64 more than the range', 1, '{"endIndex": 18446744073709551617, "startIndex": 18446744073709551617}'],
    ['a size that fits in 64 bits only', 10, '{"endIndex": 18446744073709551625, "startIndex": 0}'],
    ['an exponent', 10, '{"endIndex": 9e0, "startIndex": 0}'],
    ['an exponent that makes a whole number', 11, '{"endIndex": 1e1, "startIndex": 0}'],
    ['a minus before 0', 10, '{"endIndex": 9, "startIndex": -0}'],
    ['a plus', 10, '{"endIndex": +9, "startIndex": 0}'],
    ['hexadecimal digits', 10, '{"endIndex": 0x9, "startIndex": 0}'],
    ['digits of another script', 10, '{"endIndex": ٩, "startIndex": ٠}'],
    ['a million digits', 10, `{"endIndex": ${'9'.repeat(1_000_000)}, "startIndex": 0}`],
    ['null', 10, '{"endIndex": null, "startIndex": null}'],
    ['lists', 10, '{"endIndex": [9], "startIndex": [0]}'],
    ['a further field', 10, '{"endIndex": 9, "startIndex": 0, "mode": "file"}'],
    ['text after the range', 10, '{"endIndex": 9, "startIndex": 0} x'],
    ['nothing', 1, ''],
  ];

  it.each(wrongRanges)('rejects %s', async (_, count, body) => {
    const url = await answering(body);
    await expect(client(url).allocate('file', count)).rejects.toEqual(failure);
    const ids = new Client({servers: [url], minBlock: Math.max(1, count), maxBlock: Math.max(1, count)});
    onTestFinished(() => {
      ids.close();
    });
    // The same answer for a block: none of its integers is returned, now or later.
    for (let turn = 0; turn < 3; turn++)
      await expect(Promise.resolve(ids.next('file'))).rejects.toEqual(failure);
  });

  it('prints no wrong range with getid --server', async () => {
    const cwd = makeWorkspace();
    for (const [name, count, body] of wrongRanges.filter(([, asked]) => asked === 10)) {
      const url = await answering(body);
      for (const format of ['json', 'plain', 'list']) {
        const args = ['getid', '-m', 'file', '-r', String(count), '--server', url, '--format', format];
        expect(await cli(args, {cwd}), name).toMatchObject({status: 7, stdout: ''});
        if (name !== 'a million digits') break;
      }
    }
  }, 60_000);

  it('accepts the last integer that a counter issues', async () => {
    const last = 9223372036854775806n;
    const url = await answering(`{"endIndex": ${last}, "startIndex": ${last}}`);
    expect((await client(url).allocate('file', 1)).end).toBe(last);
  });

  it('shortens a long message of the service', async () => {
    const url = await serving((_, response) => {
      response.writeHead(400).end(JSON.stringify({message: 'x'.repeat(900_000)}));
    });
    const asked = client(url).allocate('file', 1);
    await expect(asked).rejects.toMatchObject({message: expect.stringMatching(/^.{0,999}$/s) as string});
  });

  it('rejects a URL with a password, without showing it', async () => {
    const args = ['getid', '-m', 'file', '--server', 'http://me:secret@127.0.0.1:1'];
    const {status, stderr} = await cli(args, {cwd: makeWorkspace()});
    expect(status).toBe(2);
    expect(stderr).not.toContain('secret');
  });

  it('uses fewer than 100 connections for 1000 concurrent calls', async () => {
    const sockets = new Set<Socket>();
    let next = 0;
    const url = await serving((request, response) => {
      sockets.add(request.socket);
      const count = Number(new URL(`http://x${request.url}`).searchParams.get('range'));
      next += count;
      response.end(`{"endIndex": ${next - 1}, "startIndex": ${next - count}}`);
    });
    const ids = new Client({servers: [url], timeoutMs: 60_000});
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    for (let turn = 0; turn < 3; turn++)
      await Promise.all(Array.from({length: 1000}, (_, index) => ids.allocate('file', index + 1)));
    expect(sockets.size).toBeLessThan(100);
    expect(warnings).toEqual([]);
  });
});

describe('the client of a service that issues integers twice', () => {
  /** Answers each request with a range of the requested size that starts at the next listed integer. */
  const startingAt = (...starts: number[]): Promise<string> =>
    serving((request, response) => {
      const count = Number(new URL(`http://x${request.url}`).searchParams.get('range'));
      const start = starts.shift() ?? 0;
      response.end(`{"endIndex": ${start + count - 1}, "startIndex": ${start}}`);
    });

  it.each([
    ['equal to the last', [100, 100]],
    ['that starts in the last', [100, 109]],
    ['that ends in the last', [100, 91]],
    ['below the last, which others may have', [100, 50]],
    ['below an earlier one, after a correct one', [100, 200, 150]],
  ])('rejects a range %s', async (_, starts) => {
    const ids = client(await startingAt(...starts));
    for (const start of starts.slice(0, -1))
      expect((await ids.allocate('file', 10)).start).toBe(BigInt(start));
    await expect(ids.allocate('file', 10)).rejects.toEqual(failure);
  });

  it('rejects it from another server, and accepts the next correct range', async () => {
    const [first, second] = [await startingAt(100), await startingAt(95, 110)];
    let isDown = false;
    const flaky = await serving((request, response) => {
      if (isDown) response.writeHead(503).end();
      else void fetch(`${first}${request.url}`).then(async (answer) => response.end(await answer.text()));
    });
    const ids = client(flaky, second);
    await ids.allocate('file', 10);
    isDown = true;
    await expect(ids.allocate('file', 10)).rejects.toEqual(failure);
    expect((await ids.allocate('file', 10)).start).toBe(110n);
  });

  it('accepts the same integers in another mode, and any number of empty ranges', async () => {
    const ids = client(await startingAt(100, 100));
    await ids.allocate('a', 10);
    expect((await ids.allocate('b', 10)).start).toBe(100n);
    const nothing = client(await answering('{"endIndex": -2, "startIndex": -1}'));
    for (let turn = 0; turn < 2; turn++) expect((await nothing.allocate('a', 0)).end).toBe(-2n);
  });

  it('accepts answers that overtake each other, and rejects overlapping ranges', async () => {
    const waiting: ((start: number) => void)[] = [];
    const url = await serving((_, response) => {
      waiting.push((start) => response.end(`{"endIndex": ${start + 9}, "startIndex": ${start}}`));
    });
    const ids = client(url);
    const starts = [300, 100, 205, 195, 200, 400, 110];
    const asked = starts.map(() => ids.allocate('file', 10));
    const given: bigint[] = [];
    let failures = 0;
    for (const each of asked)
      each.then(
        ({start}) => given.push(start),
        () => failures++,
      );
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await until(() => waiting.length === starts.length);
    for (const [index, start] of starts.entries()) {
      waiting[index]?.(start);
      await until(() => given.length + failures > index);
    }
    expect(given).toEqual([300n, 100n, 205n, 195n, 400n, 110n]);
    // Ranges are remembered even when no request is running.
    const late = ids.allocate('file', 10);
    await until(() => waiting.length > starts.length);
    waiting.at(-1)?.(405);
    await expect(late).rejects.toEqual(failure);
  });

  it('returns none of these integers from next', async () => {
    const url = await startingAt(0, 50, 60, 500);
    const ids = new Client({servers: [url], minBlock: 100, maxBlock: 100});
    onTestFinished(() => {
      ids.close();
    });
    const given: bigint[] = [];
    for (let failures = 0; given.length < 200 && failures < 10;) {
      try {
        given.push(await ids.next('file'));
      } catch (error) {
        expect(error).toEqual(failure);
        failures++;
      }
    }
    const block = (first: number): bigint[] => Array.from({length: 100}, (_, index) => BigInt(first + index));
    expect(given).toEqual([...block(0), ...block(500)]);
  });
});

describe('the status of a hostile service', () => {
  const mode = {mode: 'file', next: 10, remaining: 5, usedShare: 0.5, highWaterMark: 10};
  const honest = {
    version: '1.0.0',
    service: {uptimeSeconds: 1.5},
    database: {
      kind: 'sqlite',
      location: 'db',
      identity: '0123456789abcdef',
      product: 'SQLite',
      sizeBytes: 4096,
      durability: 'full',
      warnings: ['one'],
    },
    schema: {version: '1.0', safe: true, problem: null},
    modes: [mode],
    more: false,
  };
  const asked = (url: string, page = {}) => readServiceStatus(url, {timeoutMs: 5000}, page);

  it('is accepted if every field is valid', async () => {
    expect(await asked(await answering(JSON.stringify(honest)))).toMatchObject({
      modes: [{next: 10n, remaining: 5n, highWaterMark: 10n, usedShare: 0.5}],
      database: {sizeBytes: 4096},
    });
  });

  const {database, schema} = honest;
  it.each<[string, unknown]>([
    ['a version that is a number', {...honest, version: 1}],
    ['no version', {...honest, version: undefined}],
    ['an uptime that is a text', {...honest, service: {uptimeSeconds: '1'}}],
    ['another kind of database', {...honest, database: {...database, kind: 'oracle'}}],
    ['a location that is an object', {...honest, database: {...database, location: {}}}],
    ['an identity that is a number', {...honest, database: {...database, identity: 5}}],
    ['a schema that is a number', {...honest, database: {...database, schema: 5}}],
    ['a size below 0', {...honest, database: {...database, sizeBytes: -1}}],
    ['a warning that is an object', {...honest, database: {...database, warnings: [{}]}}],
    ['a schema with a text for safe', {...honest, schema: {...schema, safe: 'yes'}}],
    ['a problem that is a text', {...honest, schema: {...schema, problem: 'none'}}],
    ['an unknown code', {...honest, schema: {...schema, problem: {code: 'toString', message: ''}}}],
    ['a mode that is a number', {...honest, modes: [{...mode, mode: 5}]}],
    ['a share above 1', {...honest, modes: [{...mode, usedShare: 1.5}]}],
    ['a share that is a text', {...honest, modes: [{...mode, usedShare: 'x'}]}],
    ['a count that is a flag', {...honest, modes: [{...mode, remaining: true}]}],
    ['modes that are an object', {...honest, modes: {length: 1}}],
    ['a text for more', {...honest, more: 'no'}],
    ['a list', [honest]],
  ])('is rejected with %s', async (_, document) => {
    const url = await answering(JSON.stringify(document));
    await expect(asked(url)).rejects.toMatchObject({code: 'REMOTE_FAILED'});
  });

  it.each(['next', 'remaining', 'highWaterMark'])('is rejected with %s out of range', async (name) => {
    for (const value of ['-1', '9223372036854775808', '99999999999999999999', '1e3', '1.5']) {
      const text = JSON.stringify({...honest, modes: [{...mode, [name]: 'HERE'}]});
      const url = await answering(text.replace('"HERE"', value));
      await expect(asked(url), value).rejects.toMatchObject({code: 'REMOTE_FAILED'});
    }
  });

  it('is rejected if it lists more modes than requested', async () => {
    const url = await answering(JSON.stringify({...honest, modes: [mode, mode]}));
    await expect(asked(url, {limit: 1})).rejects.toMatchObject({code: 'REMOTE_FAILED'});
  });

  it.each(['['.repeat(500_000), '{"a":'.repeat(200_000), `{"modes": ${'9'.repeat(1_000_000)}}`])(
    'is rejected if it would exhaust a parser: %.9s',
    async (text) => {
      await expect(asked(await answering(text))).rejects.toMatchObject({code: 'REMOTE_FAILED'});
    },
  );

  it('is not read without end if each page announces another', async () => {
    let sentBytes = 0;
    const text = JSON.stringify({...honest, modes: [{...mode, mode: 'x'.repeat(1_000_000)}], more: true});
    const url = await serving((_, response) => {
      sentBytes += text.length;
      response.end(text);
    });
    await asked(url, {limit: 100_000}).catch((error: unknown) => error);
    expect(sentBytes).toBeLessThan(200_000_000);
  }, 30_000);
});
