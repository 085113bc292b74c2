import {gzipSync} from 'node:zlib';
import {setTimeout as sleep} from 'node:timers/promises';
import {createHash} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {makeWorkspace} from '../../helpers/folders/workspace.js';
import {ask} from '../../helpers/network/http.js';
import {startServer} from '../../helpers/programs/cli.js';
import {shared} from '../../helpers/run/shared.js';
import type {DashboardAnswer, DashboardDocument} from '../../../src/lib/server/dashboard/document.js';

const alive = '{"message": "Pacifica UniqueID Up and Running"}';
const chrome = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';

describe('the dashboard', () => {
  const server = shared(() => startServer(['--sync'], {cwd: makeWorkspace()}));

  const read = async (query = ''): Promise<DashboardDocument> =>
    JSON.parse((await ask(server().url, `/dashboard.json${query}`)).body) as DashboardDocument;

  it('is where / sends browsers, and no other client', async () => {
    const {url} = server();
    for (const accept of [chrome, 'text/html', 'text/html;q=0.5, */*;q=0.1'])
      expect(await ask(url, '/', {headers: {accept}}), accept).toMatchObject({
        status: 302,
        headers: {location: 'dashboard'},
      });
    for (const accept of ['', '*/*', 'application/json', 'application/json, text/html', 'text/html;q=0, */*'])
      expect(await ask(url, '/', {headers: {accept}}), accept).toMatchObject({status: 200, body: alive});
    expect(await ask(url, '/')).toMatchObject({status: 200, body: alive});
  });

  it('has at most 60 kB, and a policy that allows only its own script and style', async () => {
    const {headers, body} = await ask(server().url, '/dashboard');
    expect(gzipSync(body).length).toBeLessThan(60_000);
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|http/);
    for (const [kind, pattern] of [
      ['script', /<script>([^]*?)<\/script>/g],
      ['style', /<style>([^]*?)<\/style>/g],
    ] as const) {
      const texts = Array.from(body.matchAll(pattern), ([, text = '']) => text);
      expect(texts).toHaveLength(1);
      const hash = createHash('sha256')
        .update(texts[0] ?? '')
        .digest('base64');
      expect(policy).toContain(`${kind}-src 'sha256-${hash}'`);
    }
    expect(body).not.toMatch(/ style=| on[a-z]+=|https?:\/\/(?!www\.w3\.org)/);
  });

  it('counts requests, integers, batches and errors by second', async () => {
    const {url} = server();
    const {now} = await read();
    await Promise.all(Array.from({length: 20}, () => ask(url, '/getid?mode=file&range=5')));
    await ask(url, '/getid?mode=file&range=x', {headers: {'x-request-id': 'job-7'}});
    // Rejected, but not a request for integers.
    await ask(url, '/nothing');
    await expect
      .poll(
        async () => {
          const {samples} = await read(`?since=${now}`);
          // A sample holds rates, and a busy machine takes it later than a second after the one before.
          const seconds = samples.map(([time], index) => (time - (samples[index - 1]?.[0] ?? now)) / 1000);
          const sums = [1, 2, 3].map((column) =>
            samples.reduce((sum, sample, index) => sum + (sample[column] ?? 0) * (seconds[index] ?? 0), 0),
          );
          return sums.map(Math.round);
        },
        {timeout: 20_000},
      )
      .toEqual([100, 20, 1]);
    const {errors, samples} = await read();
    expect(errors).toMatchObject([
      {code: 'NOT_FOUND', count: 1},
      {code: 'INVALID_RANGE', status: 400, count: 1, requestId: 'job-7'},
    ]);
    const busy = samples.find(([, integers]) => integers > 0);
    expect(busy?.[4]).toBeGreaterThan(0);
    expect(busy?.[5]).toBeGreaterThanOrEqual(busy?.[4] ?? 0);
    expect(busy?.[6]).toBeGreaterThanOrEqual(1);
  });

  it('answers all pages of one second with the same sample, and only with what is new', async () => {
    const {url} = server();
    await read();
    const asked = performance.now();
    const answers = await Promise.all(Array.from({length: 50}, () => ask(url, '/dashboard.json')));
    const seconds = Math.ceil((performance.now() - asked) / 1000);
    const times = new Set(answers.map(({body}) => (JSON.parse(body) as DashboardDocument).now));
    expect(times.size).toBeLessThanOrEqual(1 + seconds);
    const polls = answers.map(({body}) => (JSON.parse(body) as DashboardAnswer).pollMs);
    expect(Math.min(...polls)).toBeGreaterThanOrEqual(1000);
    expect(new Set(polls).size).toBeGreaterThan(40);
    const {now, samples} = await read();
    await sleep(1100);
    const later = await read(`?since=${now}`);
    expect(later.samples.length).toBeLessThan(samples.length);
    expect(later.samples.every(([time]) => time > now)).toBe(true);
  });

  it('gives all samples to a page that has those of another process, or of a clock that was ahead', async () => {
    const {now, samples, service} = await read();
    const count = async (query: string): Promise<number> => (await read(query)).samples.length;
    expect(await count(`?since=${now}&instance=${service.instance}`)).toBeLessThan(samples.length);
    expect(await count(`?since=${now}&instance=another`)).toBeGreaterThanOrEqual(samples.length);
    expect(await count(`?since=${now + 3_600_000}`)).toBeGreaterThanOrEqual(samples.length);
  });

  it.each(['?sort=x', '?page=0', '?page=1.5', '?since=-1', `?find=${'x'.repeat(256)}`])(
    'rejects the query %s',
    async (query) => {
      for (const path of ['/dashboard', '/dashboard.json'])
        expect(await ask(server().url, path + query)).toMatchObject({
          status: 400,
          headers: {'x-error-code': 'INVALID_REQUEST'},
        });
    },
  );

  it('is missing if the setting is off', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace(), env: {UNIQUEID_DASHBOARD: 'False'}});
    for (const path of ['/dashboard', '/dashboard.json'])
      expect((await ask(url, path)).status, path).toBe(404);
    expect(await ask(url, '/', {headers: {accept: chrome}})).toMatchObject({status: 200, body: alive});
  });
});
