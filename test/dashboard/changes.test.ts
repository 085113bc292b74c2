import {writeFileSync} from 'node:fs';
import {request as httpRequest} from 'node:http';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Page} from 'playwright-core';
import {expect} from 'vitest';
import {lockDatabase, makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {ask} from '../helpers/network/http.js';
import {serving} from '../helpers/network/listening.js';
import {expectAccessible, open, sharedBrowser} from '../helpers/programs/browser.js';
import {startServer} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';
import {shared} from '../helpers/run/shared.js';

const {describe, it} = needs('chromium');

const live = (page: Page): Promise<void> => page.locator('#live').filter({hasText: 'Live'}).waitFor();

describe('a page whose service does not say how it is', () => {
  const browser = sharedBrowser();
  const server = shared(() => startServer(['--sync'], {cwd: makeWorkspace()}));

  it.each([503, 404])('shows the status %s, and does not take it for silence', async (status) => {
    const {page} = await open(browser(), `${server().url}/dashboard`);
    await live(page);
    await page.route('**/dashboard.json*', (route) => route.fulfill({status, body: 'gone'}));
    await page
      .locator('#notice')
      .filter({hasText: `status ${status}`})
      .waitFor();
    expect(await page.locator('#notice').textContent()).toMatch(/No values for \d+ s/);
    expect(await page.locator('body').textContent()).not.toMatch(/unreachable for/i);
    expect(await page.title()).toContain(`✖ status ${status}`);
    await expectAccessible(page);
    await page.unroute('**/dashboard.json*');
    await live(page);
    expect(await page.locator('#notice').isHidden()).toBe(true);
  });

  it('has a title that does not look healthy while it is hidden or paused', async () => {
    const {page} = await open(browser(), `${server().url}/dashboard`);
    await live(page);
    expect(await page.title()).toContain('✓ healthy');
    const setHidden = (hidden: boolean): Promise<void> =>
      page.evaluate(`Object.defineProperty(document, 'hidden', {value: ${hidden}, configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));`);
    await setHidden(true);
    await expect.poll(() => page.title()).toMatch(/^⏸ paused/);
    await setHidden(false);
    await expect.poll(() => page.title()).toContain('✓ healthy');
    await page.getByRole('button', {name: 'Pause'}).click();
    await expect.poll(() => page.title()).toMatch(/^⏸ paused/);
  });

  it('is marked as a saved copy, with the values that were on it', async () => {
    const {url} = server();
    await ask(url, '/getid?mode=copied&range=5');
    const {page} = await open(browser(), `${url}/dashboard`);
    await live(page);
    await ask(url, '/getid?mode=copied&range=3000');
    const next = page.getByRole('row', {name: /^copied/}).locator('.next');
    await next.filter({hasText: '3,005'}).waitFor();
    const path = join(makeWorkspace(), 'saved.html');
    writeFileSync(path, await page.content());
    const copy = await open(browser(), pathToFileURL(path).href);
    await copy.page.locator('#notice').filter({hasText: 'saved copy'}).waitFor();
    expect(await copy.page.title()).toMatch(/^Saved copy/);
    expect(await copy.page.locator('body.stale .verdict').count()).toBe(1);
    expect(
      await copy.page
        .getByRole('row', {name: /^copied/})
        .locator('.next')
        .textContent(),
    ).toBe('3,005');
    expect(await copy.page.locator('.plot canvas').count()).toBe(4);
    expect(copy.errors).toEqual([]);
  });

  it('follows the health of a service that wants a token', async () => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 'tokens'), `[a]\ntoken = ${'x'.repeat(40)}\n`, {mode: 0o600});
    const {url} = await startServer(['--sync'], {cwd, env: {UNIQUEID_TOKENS_FILE: 'tokens'}});
    const {page, errors} = await open(browser(), `${url}/dashboard`);
    await page.locator('#live').filter({hasText: 'Token needed'}).waitFor();
    const unlock = lockDatabase(join(cwd, 'db.sqlite3'));
    await page.locator('.verdict.unavailable code').waitFor();
    expect(await page.title()).toContain('unavailable');
    expect(await page.content()).not.toContain(cwd);
    unlock();
    await page.locator('.verdict.healthy').waitFor();
    expect(await page.getByLabel('Token').isVisible()).toBe(true);
    const {body} = await ask(url, '/metrics', {headers: {authorization: `Bearer ${'x'.repeat(40)}`}});
    expect(body).toContain('uniqueid_rejected_requests_total{reason="UNAUTHORIZED"} 1\n');
    expect(errors).toEqual([]);
  });

  it('warns if several services answer in turn', async () => {
    const others = await startServer(['--sync'], {cwd: makeWorkspace()});
    let turn = 0;
    const balancer = await serving(({url: path = '', method, headers}, response) => {
      const {hostname, port} = new URL([server().url, others.url][turn++ % 2] ?? '');
      httpRequest({host: hostname, port, path, method, headers}, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      }).end();
    });
    const {page, errors} = await open(browser(), `${balancer}/dashboard`);
    await page.locator('#notice').filter({hasText: 'Several services'}).waitFor();
    await expectAccessible(page);
    expect(errors).toEqual([]);
  });
});

describe('the table of modes', () => {
  const browser = sharedBrowser();

  it('keeps the focus on a mode that moves', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    for (const [mode, range] of [
      ['a', 50],
      ['b', 20],
      ['c', 10],
    ] as const)
      await ask(url, `/getid?mode=${mode}&range=${range}`);
    const {page} = await open(browser(), `${url}/dashboard?sort=used`);
    await live(page);
    const order = (): Promise<string[]> => page.locator('tbody a').allTextContents();
    expect(await order()).toEqual(['a', 'b', 'c']);
    await page.getByRole('link', {name: 'c', exact: true}).focus();
    await ask(url, '/getid?mode=c&range=500');
    await expect.poll(order, {timeout: 20_000}).toEqual(['c', 'a', 'b']);
    expect(await page.evaluate("document.querySelector('a:focus')?.textContent")).toBe('c');
  });

  it('keeps its columns when a mode begins to run out', async () => {
    const cwd = makeWorkspace();
    const {url} = await startServer(['--sync'], {cwd});
    await ask(url, '/getid?mode=file&range=1');
    const {page} = await open(browser(), `${url}/dashboard`);
    await live(page);
    const places = (): Promise<number[]> =>
      page.evaluate(
        "[...document.querySelectorAll('thead th')].map((each) => each.getBoundingClientRect().x)",
      );
    const before = await places();
    expect(before).toHaveLength(6);
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      'UPDATE uniqueindex SET "index" = 8000000000000000000',
    );
    await page.locator('tbody .end').filter({hasText: /\d/}).waitFor();
    expect(await places()).toEqual(before);
  });

  it('opens one chart at a time, and never denies a mode that exists', async () => {
    const {url} = await startServer(['--sync'], {cwd: makeWorkspace()});
    for (const mode of ['a', 'b', 'c']) await ask(url, `/getid?mode=${mode}&range=5`);
    const {page} = await open(browser(), 'about:blank');
    await page.addInitScript(`
      const Observer = ResizeObserver;
      Object.assign(globalThis, {texts: [], observers: new Set()});
      new MutationObserver(() => texts.push(document.getElementById('mode')?.textContent ?? ''))
        .observe(document, {childList: true, subtree: true, characterData: true});
      globalThis.ResizeObserver = class extends Observer {
        observe(target) { observers.add(this); super.observe(target); }
        disconnect() { observers.delete(this); super.disconnect(); }
      };`);
    await page.goto(`${url}/dashboard#mode=a`);
    const shown = (mode: string): Promise<void> =>
      page.getByRole('heading', {name: `Mode ${mode}`}).waitFor();
    await page.locator('#mode dd').first().waitFor();
    expect(await page.evaluate('observers.size')).toBe(5);
    for (const mode of ['b', 'c', 'a', 'b']) {
      await page.getByRole('link', {name: mode, exact: true}).click();
      await shown(mode);
      await page.locator('#mode dd').first().waitFor();
    }
    expect(await page.evaluate('observers.size')).toBe(5);
    expect(await page.evaluate<string[]>('texts')).not.toContainEqual(expect.stringContaining('No mode'));
    await page.goto(`${url}/dashboard#mode=missing`);
    await page.locator('#mode-title').filter({hasText: 'No mode missing'}).waitFor();
    await page.getByRole('link', {name: 'Close'}).click();
    await expect.poll(() => page.evaluate('observers.size')).toBe(4);
  });
});
