import {request as httpRequest} from 'node:http';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {pathToFileURL} from 'node:url';
import {expect} from 'vitest';
import type {DashboardAnswer} from '../../src/lib/server/dashboard/document.js';
import {lockDatabase, makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {ask} from '../helpers/network/http.js';
import {serving} from '../helpers/network/listening.js';
import {expectAccessible, open, sharedBrowser} from '../helpers/programs/browser.js';
import {cli, startServer, type RunningServer} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';
import {atEnd, shared} from '../helpers/run/shared.js';

const {describe, it} = needs('chromium');

/** Requests a range every few milliseconds until the test ends. */
function startRequests(url: string, mode = 'file'): void {
  const ended = new AbortController();
  atEnd(() => {
    ended.abort();
  });
  void (async () => {
    while (!ended.signal.aborted) {
      await ask(url, `/getid?mode=${mode}&range=10`).catch(() => undefined);
      await sleep(20);
    }
  })();
}

const integer = (text: string | null): number => Number((text ?? '').replaceAll(/\D/g, ''));

describe('the page of a running service', () => {
  const browser = sharedBrowser();
  const server = shared(() => startServer(['--sync'], {cwd: makeWorkspace()}));

  it('shows live numbers without a shift of its layout, and asks no other host', async () => {
    const {url} = server();
    startRequests(url);
    const {page, errors, requests} = await open(browser(), url);
    expect(new URL(page.url()).pathname).toBe('/dashboard');
    const next = page.getByRole('row', {name: /^file/}).locator('.next');
    await page.locator('#integers-values b').filter({hasText: /[1-9]/}).waitFor();
    const before = integer(await next.textContent());
    await page.evaluate(`var shifts = [];
      new PerformanceObserver((list) => {
        for (const {value, sources} of list.getEntries()) shifts.push([value, sources.map(({node}) => (node?.closest ? node : node?.parentElement)?.outerHTML).join()]);
      }).observe({type: 'layout-shift'});`);
    await expect
      .poll(async () => integer(await next.textContent()), {timeout: 20_000})
      .toBeGreaterThan(before);
    await sleep(3000);
    // A number that gets another digit moves its own digits, and nothing else.
    const shifts = await page.evaluate<[number, string][]>('shifts');
    expect(shifts.filter(([, source]) => !/^<td class="number|^<time|^$/.test(source))).toEqual([]);
    expect(shifts.reduce((sum, [value]) => sum + value, 0)).toBeLessThan(0.01);
    expect(await page.locator('.plot canvas').count()).toBe(4);
    expect(await page.locator('.verdict h2').textContent()).toContain('Healthy');
    expect(requests.filter((each) => !each.startsWith(url) && !each.startsWith('data:'))).toEqual([]);
    expect(errors).toEqual([]);
    await expectAccessible(page);
  });

  it('has a chart of each mode, with a URL to share, for the keyboard alone', async () => {
    const {url} = server();
    startRequests(url);
    await ask(url, '/getid?mode=other&range=1');
    const {page, errors} = await open(browser(), `${url}/dashboard`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.className')).toBe('skip');
    await page.getByRole('link', {name: 'file'}).focus();
    await page.keyboard.press('Enter');
    await page.locator('#mode canvas').waitFor();
    expect(page.url()).toBe(`${url}/dashboard#mode=file`);
    expect(await page.evaluate('document.activeElement.id')).toBe('mode-title');
    await page.locator('#mode-value').filter({hasText: /[1-9]/}).waitFor();
    await page.locator('#mode-plot').focus();
    await page.keyboard.press('ArrowLeft');
    await page
      .locator('#mode-at')
      .filter({hasText: /^\d\d:\d\d:\d\d$/})
      .waitFor();
    await expectAccessible(page);
    const shared = await open(browser(), page.url());
    expect(await shared.page.locator('#mode-title').textContent()).toContain('file');
    await page.goto(`${url}/dashboard#mode=other`);
    await page.locator('#mode-title').filter({hasText: 'other'}).waitFor();
    expect(errors).toEqual([]);
  });

  it('stops asking while it is hidden or paused', async () => {
    const {page, requests} = await open(browser(), `${server().url}/dashboard`);
    const asked = (): number => requests.filter((each) => each.includes('dashboard.json')).length;
    await expect.poll(asked, {timeout: 20_000}).toBeGreaterThan(1);
    const setHidden = (hidden: boolean): Promise<void> =>
      page.evaluate(`Object.defineProperty(document, 'hidden', {value: ${hidden}, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));`);
    await setHidden(true);
    await sleep(1500);
    const hidden = asked();
    await sleep(2500);
    expect(asked()).toBe(hidden);
    await setHidden(false);
    await expect.poll(asked, {timeout: 20_000}).toBeGreaterThan(hidden);
    await page.getByRole('button', {name: 'Pause'}).click();
    await sleep(1500);
    const paused = asked();
    await sleep(2500);
    expect(asked()).toBe(paused);
  });

  it('asks as often as the service wants', async () => {
    const {page, requests} = await open(browser(), `${server().url}/dashboard`);
    const asked = (): number => requests.filter((each) => each.includes('dashboard.json')).length;
    const setPoll = (pollMs: number): Promise<unknown> =>
      page.route('**/dashboard.json*', async (route) => {
        const response = await route.fetch();
        await route.fulfill({response, json: {...((await response.json()) as DashboardAnswer), pollMs}});
      });
    await setPoll(100);
    await expect.poll(asked, {timeout: 20_000}).toBeGreaterThan(5);
    await setPoll(600_000);
    await sleep(1500);
    const before = asked();
    await sleep(2500);
    expect(asked()).toBe(before);
  });

  it('is readable without JavaScript, and as a file', async () => {
    const {url} = server();
    await ask(url, '/getid?mode=file&range=1');
    const plain = await open(browser(), `${url}/dashboard?find=fil`, {javaScriptEnabled: false});
    expect(await plain.page.locator('.verdict h2').textContent()).toContain('Healthy');
    expect(await plain.page.getByRole('row', {name: /^file/}).count()).toBe(1);
    expect(await plain.page.locator('#database').textContent()).toContain('SQLite');
    const path = join(makeWorkspace(), 'saved.html');
    writeFileSync(path, (await ask(url, '/dashboard')).body);
    const {page, errors} = await open(browser(), pathToFileURL(path).href);
    await page.locator('#notice').waitFor();
    expect(await page.getByRole('row', {name: /^file/}).count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it('works below a path of a proxy', async () => {
    const target = new URL(server().url);
    const proxy = await serving(({url = '', method, headers}, response) => {
      if (!url.startsWith('/ids/')) {
        response.writeHead(404).end();
        return;
      }
      const path = url.slice('/ids'.length);
      httpRequest({host: target.hostname, port: target.port, path, method, headers}, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).end();
    });
    const {page, errors} = await open(browser(), `${proxy}/ids/`);
    expect(page.url()).toBe(`${proxy}/ids/dashboard`);
    await page.locator('#live').filter({hasText: 'Live'}).waitFor();
    expect(errors).toEqual([]);
  });
});

describe('the page in an outage', () => {
  const browser = sharedBrowser();

  it('shows that the service is unreachable, and comes back by itself', async () => {
    const cwd = makeWorkspace();
    const first = await startServer(['--sync'], {cwd});
    await ask(first.url, '/getid?mode=file&range=10');
    const {page, errors} = await open(browser(), `${first.url}/dashboard`);
    await page.locator('#live').filter({hasText: 'Live'}).waitFor();
    first.process.kill('SIGKILL');
    await first.finished;
    await page.locator('#notice').filter({hasText: /\d s/}).waitFor();
    expect(await page.title()).toContain('unreachable');
    expect(await page.getByRole('row', {name: /^file/}).count()).toBe(1);
    await expectAccessible(page);
    await startServer(['--port', new URL(first.url).port], {cwd});
    await page.locator('#notice').waitFor({state: 'hidden'});
    await page.locator('.verdict.healthy').waitFor();
    expect(errors).toEqual([]);
  });

  it('says since when the database is unavailable, and why', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    const {page} = await open(browser(), `${url}/dashboard`);
    await page.locator('.verdict.healthy').waitFor();
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    await page.locator('.verdict.unavailable').waitFor();
    expect(await page.locator('.since time').textContent()).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(await page.locator('.verdict code').first().textContent()).toBe('DATABASE_BUSY');
    expect(await page.title()).toContain('unavailable');
    await expectAccessible(page);
    unlock();
    await page.locator('.verdict.healthy').waitFor();
  });

  it('has the command that mends a quarantined mode', async () => {
    const cwd = makeWorkspace();
    const server = await startServer(['--sync'], {cwd, env: {UNIQUEID_ON_REGRESSION: 'stop'}});
    await ask(server.url, "/getid?mode=it's&range=100");
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute('UPDATE uniqueindex SET "index" = 7');
    expect((await ask(server.url, "/getid?mode=it's&range=1")).status).toBe(503);
    const {page} = await open(browser(), `${server.url}/dashboard`);
    await page.locator('.verdict.degraded .command').waitFor();
    expect(await page.locator('tr.warned .flag').count()).toBe(1);
    expect(await page.locator('#errors code').first().textContent()).toBe('COUNTER_REGRESSED');
    expect(await page.locator('#errors .id').textContent()).toMatch(/[0-9a-f-]{36}/);
    await expectAccessible(page);
    const [, ...args] = wordsOf((await page.locator('.command').textContent()) ?? '');
    await cli([...args, '--yes'], {cwd});
    await page.locator('.verdict.healthy').waitFor();
    expect(await page.locator('tr.warned').count()).toBe(0);
    await check(server);
  });
});

/** Returns the words of a command line with single quotes. */
function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(/(?:'[^']*'|\\'|[^\s'])+/g), ([word]) =>
    word.replaceAll(/'([^']*)'|\\(')/g, (_, quoted?: string, single?: string) => quoted ?? single ?? ''),
  );
}

async function check({url}: RunningServer): Promise<void> {
  expect((await ask(url, "/getid?mode=it's&range=1")).status).toBe(200);
}
