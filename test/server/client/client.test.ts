import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it, onTestFinished} from 'vitest';
import {Client, type ClientOptions} from '../../../src/client.js';
import {startServer, type RunningServer} from '../../helpers/programs/cli.js';
import {ask} from '../../helpers/network/http.js';
import {serving} from '../../helpers/network/listening.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace, root} from '../../helpers/folders/workspace.js';

function client(options: ClientOptions): Client {
  const made = new Client(options);
  onTestFinished(() => {
    made.close();
  });
  return made;
}

/** The error of a request that the server answered with 409. */
const answered409 = {
  code: 'COUNTER_EXHAUSTED',
  httpStatus: 409,
  exitStatus: 5,
  message: expect.stringMatching(/\b409\b/) as string,
};

const serve = (cwd = makeWorkspace(), env = {}): Promise<RunningServer> =>
  startServer(['--sync'], {cwd, env});

describe('allocate of the client', () => {
  it('returns ranges, exact to the last one of a counter', async () => {
    const cwd = makeWorkspace();
    const {url} = await serve(cwd);
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('big', 9223372036854775797)`,
    );
    const ids = client({servers: [url]});
    expect(await ids.allocate('file', 10)).toEqual({start: 0n, end: 9n});
    expect(await ids.allocate('big', 10n)).toEqual({start: 9223372036854775797n, end: 9223372036854775806n});
    await expect(ids.allocate('big', 1n)).rejects.toMatchObject(answered409);
    await expect(ids.allocate(' x', 1n)).rejects.toMatchObject({code: 'INVALID_MODE'});
  });

  it('switches to another server when one does not answer, and stays with it', async () => {
    const cwd = makeWorkspace();
    const [one, two] = [await serve(cwd), await serve(cwd)];
    const ids = client({servers: [one.url, two.url]});
    expect((await ids.allocate('file', 1)).start).toBe(0n);
    one.process.kill('SIGKILL');
    await one.finished;
    for (let turn = 1; turn < 5; turn++) expect((await ids.allocate('file', 1)).start).toBe(BigInt(turn));
    const metrics = (await ask(two.url, '/metrics')).body;
    expect(metrics).toContain('uniqueid_allocations_total{mode="file"} 4');
  });

  it('waits for a server that restarts, but no longer than timeoutMs', async () => {
    const cwd = makeWorkspace();
    const first = await serve(cwd);
    const {port} = new URL(first.url);
    first.process.kill('SIGTERM');
    await first.finished;
    const ids = client({servers: [first.url], timeoutMs: 8000});
    const waiting = ids.allocate('file', 1);
    await sleep(300);
    await startServer(['--port', port], {cwd});
    expect(await waiting).toEqual({start: 0n, end: 0n});
    const started = performance.now();
    const hopeless = client({servers: ['http://127.0.0.1:1'], timeoutMs: 300});
    await expect(hopeless.allocate('file', 1)).rejects.toMatchObject({code: 'REMOTE_FAILED'});
    expect(performance.now() - started).toBeLessThan(6000);
  });

  it('ends when its signal is aborted or the client is closed', async () => {
    const url = await serving(() => undefined);
    const ids = client({servers: [url]});
    const stop = new AbortController();
    const asked = ids.allocate('file', 1, {signal: stop.signal});
    setTimeout(() => {
      stop.abort(new Error('enough'));
    }, 50);
    await expect(asked).rejects.toThrow('enough');
    const [range, single] = [ids.allocate('file', 1), Promise.resolve(ids.next('file'))];
    ids.close();
    await expect(range).rejects.toMatchObject({code: 'CLIENT_CLOSED', transient: false});
    await expect(ids.allocate('file', 1)).rejects.toMatchObject({code: 'CLIENT_CLOSED'});
    await expect(single).rejects.toMatchObject({code: 'CLIENT_CLOSED', transient: false});
  });

  it.each<[object]>([
    [{servers: []}],
    [{servers: 'http://x'}],
    [{servers: ['ftp://x']}],
    [{servers: ['http://x', 'x']}],
    [{servers: ['http://x'], token: 'a\nb'}],
    [{servers: ['http://x'], minBlock: 10, maxBlock: 5}],
    ...['minBlock', 'maxBlock', 'maxWaiting', 'timeoutMs'].flatMap((name) =>
      [0, -1, 1.5, Number.NaN, Infinity, 2 ** 53, '10', null].map((value): [object] => [
        {servers: ['http://x'], [name]: value},
      ]),
    ),
  ])('rejects the options %o', (options) => {
    expect(() => client(options as ClientOptions)).toThrow(expect.objectContaining({code: 'USAGE'}));
  });

  it('treats an undefined option as missing', () => {
    const options = {servers: ['http://x'], timeoutMs: undefined, minBlock: undefined};
    expect(() => client(options as unknown as ClientOptions)).not.toThrow();
  });

  it.each([1.5, -1, Number.NaN, Infinity, 2 ** 53, -1n, 2n ** 63n, '1', undefined])(
    'rejects a range of %s as INVALID_RANGE',
    async (range) => {
      const ids = client({servers: ['http://127.0.0.1:1'], timeoutMs: 300});
      await expect(ids.allocate('file', range as number)).rejects.toMatchObject({code: 'INVALID_RANGE'});
    },
  );

  it('returns an empty range', async () => {
    const {url} = await serve();
    expect(await client({servers: [url]}).allocate('file', 0)).toEqual({start: -1n, end: -2n});
  });
});

describe('next of the client', () => {
  it('returns consecutive integers from blocks that grow with the rate', async () => {
    const {url} = await serve();
    const ids = client({servers: [url]});
    for (let expected = 0n; expected < 100_000n; expected++) {
      if ((await ids.next('file')) !== expected) throw new Error(`not ${expected}`);
    }
    const requests = /uniqueid_allocations_total\{mode="file"\} (\d+)/.exec(
      (await ask(url, '/metrics')).body,
    )?.[1];
    expect(Number(requests)).toBeLessThan(15);
  });

  it.each([
    ['1500', {}],
    ['50', {}],
    ['1', {minBlock: 7}],
  ])('adapts its blocks to a max_range of %s', async (maxRange, options) => {
    const {url} = await serve(makeWorkspace(), {UNIQUEID_MAX_RANGE: maxRange});
    const ids = client({servers: [url], ...options});
    const count = maxRange === '1' ? 20n : 5000n;
    for (let expected = 0n; expected < count; expected++) expect(await ids.next('file')).toBe(expected);
    const {body} = await ask(url, '/metrics');
    const rejected = /uniqueid_rejected_requests_total\{reason="INVALID_RANGE"\} (\d+)/.exec(body)?.[1];
    // A rejected size is not requested again for each block.
    expect(Number(rejected)).toBeLessThan(20);
  });

  it.each([50n, 49n, 1n])('returns the last %s integers of a counter, then fails', async (left) => {
    const cwd = makeWorkspace();
    const {url} = await serve(cwd);
    const first = 2n ** 63n - 1n - left;
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `INSERT INTO uniqueindex VALUES ('file', ${first})`,
    );
    const ids = client({servers: [url]});
    for (let id = first; id < first + left; id++) expect(await ids.next('file')).toBe(id);
    await expect(Promise.resolve(ids.next('file'))).rejects.toMatchObject(answered409);
  });

  it('serves more concurrent callers than one block has integers', async () => {
    const {url} = await serve(makeWorkspace(), {UNIQUEID_MAX_RANGE: '3'});
    const ids = client({servers: [url]});
    const given = await Promise.all(Array.from({length: 100}, async () => ids.next('file')));
    expect(given).toEqual(Array.from({length: 100}, (_, id) => BigInt(id)));
  });

  it('requests the next block before the first is used up', async () => {
    const {url} = await serve();
    const ids = client({servers: [url], minBlock: 10, maxBlock: 10});
    for (let id = 0; id < 6; id++) await ids.next('file');
    while (!(await ask(url, '/metrics')).body.includes('uniqueid_ids_total{mode="file"} 20')) await sleep(5);
    for (let id = 6; id < 16; id++) expect(ids.next('file')).toBe(BigInt(id));
  });

  it('uses its blocks while the server is unavailable, then queues at most maxWaiting callers', async () => {
    const cwd = makeWorkspace();
    const server = await serve(cwd);
    const {port} = new URL(server.url);
    const ids = client({
      servers: [server.url],
      minBlock: 100,
      maxBlock: 100,
      maxWaiting: 50,
      timeoutMs: 10_000,
    });
    await ids.next('file');
    server.process.kill('SIGKILL');
    await server.finished;
    for (let id = 1; id < 100; id++) expect(ids.next('file')).toBe(BigInt(id));
    const waiting = Array.from({length: 50}, () => Promise.resolve(ids.next('file')));
    await expect(Promise.resolve(ids.next('file'))).rejects.toMatchObject({code: 'QUEUE_FULL'});
    await startServer(['--port', port], {cwd});
    const given = await Promise.all(waiting);
    expect(new Set(given).size).toBe(50);
    expect(given.every((id) => id >= 100n)).toBe(true);
  });

  it('never returns one integer to two of eight processes', async () => {
    const {url} = await serve();
    const program = `
      import {Client} from ${JSON.stringify(join(root, 'dist', 'client.js'))};
      const ids = new Client({servers: [${JSON.stringify(url)}]});
      const runs = []; let last = -2n;
      for (let i = 0; i < 300000; i++) {
        const id = await ids.next('file');
        if (id === last + 1n) runs[runs.length - 1][1] = String(id); else runs.push([String(id), String(id)]);
        last = id;
      }
      ids.close();
      console.log(JSON.stringify(runs));`;
    const outputs = await Promise.all(
      Array.from({length: 8}, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let text = '';
        child.stdout.on('data', (chunk) => (text += String(chunk)));
        await once(child, 'close');
        return JSON.parse(text) as [string, string][];
      }),
    );
    const runs = outputs.flat().map(([start, end]) => ({start: BigInt(start), end: BigInt(end)}));
    runs.sort((a, b) => (a.start < b.start ? -1 : 1));
    let total = 0n;
    for (const [index, {start, end}] of runs.entries()) {
      expect(start > (runs[index - 1]?.end ?? -1n)).toBe(true);
      total += end - start + 1n;
    }
    expect(total).toBe(2_400_000n);
  });
});
