import {Validator} from '@seriousme/openapi-schema-validator';
import {Ajv2020} from 'ajv/dist/2020.js';
import {describe, expect, it, onTestFinished, vi} from 'vitest';
import {cli, logRecords, recordsOf, startServer, waitFor} from '../../helpers/programs/cli.js';
import {untilHealthIs} from '../../helpers/network/health.js';
import {ask, type Answer} from '../../helpers/network/http.js';
import {needs} from '../../helpers/run/needs.js';
import {startPostgres} from '../../helpers/databases/private-server.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

/** Returns the value of one series, such as `uniqueid_ids_total{mode="file"}`. */
async function metric(url: string, series: string): Promise<number | undefined> {
  const {body} = await ask(url, '/metrics');
  const line = body.split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.split(' ').at(-1));
}

async function untilMetric(url: string, series: string, value: number): Promise<void> {
  while ((await metric(url, series)) !== value) await sleep(20);
}

describe('/openapi.json', () => {
  interface Document {
    readonly paths: Record<
      string,
      Record<string, {responses: Record<string, {content?: Record<string, {schema: object}>}>}>
    >;
    readonly components: {readonly schemas: Record<string, object>};
  }

  it('is valid OpenAPI 3.1, and describes the real answers', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    const document = JSON.parse((await ask(url, '/openapi.json')).body) as Document;
    const {valid, errors} = await new Validator().validate(structuredClone(document) as never);
    expect(errors ?? [], JSON.stringify(errors)).toEqual([]);
    expect(valid).toBe(true);

    const ajv = new Ajv2020({allErrors: true, allowUnionTypes: true, strict: false});
    ajv.addSchema({$id: 'api', ...document});
    const fits = (path: string, method: string, answer: Answer): void => {
      const described = document.paths[path]?.[method]?.responses[String(answer.status)];
      expect(described, `${method} ${path} answered ${answer.status}`).toBeDefined();
      if (described?.content?.['application/json'] === undefined) return;
      const place = `api#/paths/${path.replaceAll('/', '~1')}/${method}/responses/${answer.status}/content/application~1json/schema`;
      const validate = ajv.getSchema(place);
      expect(validate?.(JSON.parse(answer.body)), JSON.stringify(validate?.errors)).toBe(true);
    };
    for (const [path, query] of [
      ['/getid', '?mode=file&range=10'],
      ['/getid', '?mode=file&range=0'],
      ['/getid', '?mode=file'],
      ['/status', ''],
      ['/status', '?limit=x'],
      ['/health', ''],
      ['/metrics', ''],
      ['/openapi.json', ''],
      ['/dashboard', ''],
      ['/dashboard', '?sort=x'],
      ['/dashboard.json', '?mode=file'],
      ['/dashboard.json', '?since=x'],
      ['/', ''],
    ] as const)
      fits(path, 'get', await ask(url, path + query));
    fits('/getid', 'post', await ask(url, '/getid?mode=file&range=1', {method: 'POST'}));
    fits('/getid', 'get', await ask(url, '/getid?mode=file&range=1', {headers: {'Sec-Purpose': 'prefetch'}}));
    fits('/', 'get', await ask(url, '/', {headers: {accept: 'text/html'}}));
    expect(Object.keys(document.paths).sort()).toEqual([
      '/',
      '/dashboard',
      '/dashboard.json',
      '/getid',
      '/health',
      '/metrics',
      '/openapi.json',
      '/status',
    ]);
  });
});

describe('/metrics', () => {
  it('counts allocations and integers per mode, and rejections per reason', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    await Promise.all(Array.from({length: 20}, () => ask(url, '/getid?mode=file&range=5')));
    await ask(url, '/getid?mode=other&range=1');
    await ask(url, '/getid?mode=file&range=0');
    await ask(url, '/getid?mode=file&range=x');
    expect(await metric(url, 'uniqueid_allocations_total{mode="file"}')).toBe(20);
    expect(await metric(url, 'uniqueid_ids_total{mode="file"}')).toBe(100);
    expect(await metric(url, 'uniqueid_ids_total{mode="other"}')).toBe(1);
    expect(await metric(url, 'uniqueid_next_index{mode="file"}')).toBe(100);
    expect(await metric(url, 'uniqueid_remaining_share{mode="file"}')).toBe(1);
    expect(await metric(url, 'uniqueid_request_duration_seconds_count')).toBe(21);
    expect(await metric(url, 'uniqueid_group_size_sum')).toBe(21);
    expect(await metric(url, 'uniqueid_rejected_requests_total{reason="INVALID_RANGE"}')).toBe(1);
    expect(await metric(url, 'uniqueid_queue_length')).toBe(0);
    const {headers, body} = await ask(url, '/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(body).toMatch(/^uniqueid_build_info\{version="[^"]+",node="v[^"]+"\} 1$/m);
    expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('has the smallest remaining share of all modes, even of those that only other servers use', async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    const database = makeSqliteDatabase(join(cwd, 'db.sqlite3'));
    const quarter = 2n ** 61n;
    await database.execute(`INSERT INTO uniqueindex VALUES ('theirs', ${3n * quarter}), ('broken', 1e30)`);
    const {url} = await startServer([], {cwd, env: {UNIQUEID_MAX_RANGE: String(2n ** 63n - 1n)}});
    await untilMetric(url, 'uniqueid_smallest_remaining_share', 0.25);
    await Promise.all(Array.from({length: 100}, (_, index) => ask(url, `/getid?mode=m${index}&range=2`)));
    await Promise.all(Array.from({length: 100}, (_, index) => ask(url, `/getid?mode=m${index}&range=2`)));
    expect(await metric(url, 'uniqueid_smallest_remaining_share')).toBe(0.25);
    // Integers that this server issues count immediately, even for a mode without a series.
    await ask(url, `/getid?mode=ours&range=${4n * quarter - quarter / 2n}`);
    expect(await metric(url, 'uniqueid_remaining_share{mode="ours"}')).toBeUndefined();
    expect(await metric(url, 'uniqueid_smallest_remaining_share')).toBe(0.125);
  });

  it('has series for the hundred most used modes, and one for all others', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    await Promise.all(Array.from({length: 150}, (_, index) => ask(url, `/getid?mode=m${index}&range=2`)));
    const {body} = await ask(url, '/metrics');
    expect(body.match(/^uniqueid_ids_total\{/gm)).toHaveLength(101);
    expect(await metric(url, 'uniqueid_ids_total{mode="(others)"}')).toBe(100);
    expect(await metric(url, 'uniqueid_modes_without_series')).toBe(50);
    await ask(url, '/getid?mode=file&range=7');
    await ask(url, '/getid?mode=file&range=7');
    expect(await metric(url, 'uniqueid_ids_total{mode="file"}')).toBe(14);
    expect(await metric(url, 'uniqueid_next_index{mode="file"}')).toBe(14);
    expect(await metric(url, 'uniqueid_ids_total{mode="(others)"}')).toBe(100);
  });
});

describe('/status', () => {
  it("lists the server's high-water mark beside each counter", async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    await ask(url, '/getid?mode=file&range=10');
    await ask(url, '/getid?mode=big&range=1000000000');
    expect((await cli(['getid', '-m', 'file', '-r', '5'], {cwd})).status).toBe(0);
    expect((await cli(['getid', '-m', 'other'], {cwd})).status).toBe(0);
    // The service reads the marks of other processes once a second.
    await vi.waitFor(
      async () => {
        expect(JSON.parse((await ask(url, '/status')).body)).toMatchObject({
          modes: [
            {mode: 'big', next: 1_000_000_000, highWaterMark: 1_000_000_000},
            {mode: 'file', next: 15, highWaterMark: 15},
            {mode: 'other', next: 1, highWaterMark: 1},
          ],
        });
      },
      {timeout: 30_000, interval: 100},
    );
  });
});

describe('/health', () => {
  it('is 200 while integers can be allocated, and allocates none', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    for (let turn = 0; turn < 10; turn++) {
      expect(await ask(url, '/health')).toMatchObject({
        status: 200,
        body: '{"status": "ok"}',
      });
    }
    expect(await makeSqliteDatabase(join(cwd, 'db.sqlite3')).query('SELECT * FROM uniqueindex')).toEqual([]);
  });

  it('is 503 for a counter below its high-water mark, and the log has the reset that mends it', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_ON_REGRESSION: 'stop'}});
    const {url} = server;
    await ask(url, '/getid?mode=file&range=50');
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('UPDATE uniqueindex SET "index" = 10');
    await ask(url, '/getid?mode=file&range=1');
    const health = await ask(url, '/health');
    expect(health.status).toBe(503);
    expect(health.body).toContain('COUNTER_REGRESSED');
    const record = recordsOf(server.stderr(), 'error').find(({code}) => code === 'COUNTER_REGRESSED');
    expect(record?.['hint']).toContain('uniqueid reset --mode file --at-least 50');
    expect(await metric(url, 'uniqueid_regressed_modes')).toBe(1);
    expect((await ask(url, '/')).status).toBe(200);
  });

  needs('postgresql').it(
    'is 503 while the database is unavailable, hides its address, and recovers',
    async () => {
      const database = await startPostgres();
      onTestFinished(() => database.remove());
      const env = {PEEWEE_URL: `${database.url}/postgres`};
      const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env});
      expect((await ask(url, '/health')).status).toBe(200);
      await database.kill();
      const {body} = await untilHealthIs(url, 503);
      expect(body).toContain('DATABASE_UNAVAILABLE');
      expect(body).not.toContain('127.0.0.1');
      expect(body).not.toContain('p;a#ss');
      await database.restart();
      await untilHealthIs(url, 200);
      expect(await cli(['status', '--server', url], {cwd: makeWorkspace()})).toMatchObject({status: 0});
    },
  );
});

it('an error of the server itself has a request id that its log repeats', async () => {
  const cwd = makeWorkspace();
  const server = await startServer(['--sync'], {cwd});
  await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(`INSERT INTO uniqueindex VALUES ('broken', 'x')`);
  const {status, headers} = await ask(server.url, '/getid?mode=broken&range=1');
  expect(status).toBe(503);
  const id = String(headers['x-request-id']);
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const record = await waitFor(
    () => logRecords(server.stderr()).find(({requestId}) => requestId === id),
    server,
  );
  expect(record).toMatchObject({code: 'COUNTER_DAMAGED', url: '/getid?mode=broken&range=1'});
});
