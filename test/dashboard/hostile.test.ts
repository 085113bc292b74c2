import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'vitest';
import {makeSqliteDatabase} from '../helpers/databases/sqlite-database.js';
import {makeWorkspace} from '../helpers/folders/workspace.js';
import {ask} from '../helpers/network/http.js';
import {expectAccessible, open, sharedBrowser} from '../helpers/programs/browser.js';
import {cli, startServer} from '../helpers/programs/cli.js';
import {needs} from '../helpers/run/needs.js';
import {shared} from '../helpers/run/shared.js';

const {describe, it} = needs('chromium');

const names = [
  '<img src=x onerror="document.title=1">',
  '"><script>document.title=2</script>',
  "' onmouseover='document.title=3",
  '</script><script>document.title=4</script>',
  '&lt;b&gt;',
  'gepj.\u202egnp',
  'مرحبا 123',
  '👩‍👩‍👧‍👦'.repeat(20),
  'm'.repeat(255),
  '__proto__',
  '#mode=file&x',
  '100%',
];

describe('hostile modes', () => {
  const browser = sharedBrowser();
  const server = shared(async () => {
    const started = await startServer(['--sync'], {cwd: makeWorkspace()});
    for (const name of names)
      expect((await ask(started.url, `/getid?range=1&mode=${encodeURIComponent(name)}`)).status).toBe(200);
    return started;
  });

  it.each([
    {name: 'a phone in the dark', width: 320, height: 640, colorScheme: 'dark'},
    {name: 'a desk', width: 1280, height: 800, colorScheme: 'light'},
    {name: 'a wall', width: 3840, height: 2160, colorScheme: 'dark'},
  ] as const)(
    'are text on $name, which need no scrolling to the side',
    async ({width, height, colorScheme}) => {
      const {page, errors} = await open(browser(), `${server().url}/dashboard`, {
        viewport: {width, height},
        colorScheme,
        reducedMotion: 'reduce',
      });
      await page.locator('#live').filter({hasText: 'Live'}).waitFor();
      const shown = await page.locator('tbody bdi').allTextContents();
      expect(shown).toHaveLength(names.length);
      for (const name of names.filter((each) => /^[\x20-\x7eم]/.test(each) && !each.includes('\u202e')))
        expect(shown).toContain(name);
      expect(shown).toContain('gepj.\\u{202e}gnp');
      expect(await page.locator('img, script:not([type]):not(:last-child)').count()).toBe(0);
      expect(await page.title()).toContain('UniqueID');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      // As in rgb(15, 20, 26).
      const [red = 0] = (await page.evaluate<string>('getComputedStyle(document.body).backgroundColor'))
        .split(/\D+/)
        .slice(1)
        .map(Number);
      expect(red < 128).toBe(colorScheme === 'dark');
      await expectAccessible(page);
      expect(errors).toEqual([]);
    },
  );

  it('have charts too', async () => {
    const {page, errors} = await open(browser(), `${server().url}/dashboard`);
    await page.locator('#live').filter({hasText: 'Live'}).waitFor();
    for (const name of [names[0] ?? '', '#mode=file&x', '100%']) {
      await page.getByRole('link', {name, exact: true}).click();
      await page.locator('#mode-title bdi').filter({hasText: name}).waitFor();
      await page.locator('#mode dd').first().waitFor();
    }
    expect(errors).toEqual([]);
  });
});

describe('100,000 modes', () => {
  const browser = sharedBrowser();
  const server = shared(async () => {
    const cwd = makeWorkspace();
    await cli(['dbsync'], {cwd});
    await makeSqliteDatabase(join(cwd, 'db.sqlite3')).execute(
      `WITH RECURSIVE n(i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n WHERE i < 99999)
       INSERT INTO uniqueindex SELECT printf('mode-%05d', i), i FROM n`,
    );
    return startServer([], {cwd});
  });

  it('are searched, sorted and cut into pages', async () => {
    const {url} = server();
    const {page} = await open(browser(), `${url}/dashboard`);
    const position = page.locator('.pages span');
    await position.filter({hasText: '1–20 of 100,000 modes'}).waitFor();
    await page.getByRole('link', {name: 'Last'}).click();
    await position.filter({hasText: '99,981–100,000 of 100,000 modes'}).waitFor();
    expect(page.url()).toContain('page=5000');
    await page.getByLabel('Sort by').selectOption('used');
    await page.locator('tbody tr:first-child a').filter({hasText: 'mode-99999'}).waitFor();
    await page.getByLabel('Find').fill('E-1234');
    await position.filter({hasText: '1–10 of 10 modes'}).waitFor();
    expect(await page.locator('tbody a').first().textContent()).toBe('mode-12349');
    await page.getByLabel('Find').fill('nothing<b>');
    await page.locator('#list .empty').filter({hasText: 'nothing<b>'}).waitFor();
    const {body} = await ask(url, '/dashboard.json?sort=rate&page=70');
    expect(body.length).toBeLessThan(50_000);
  });
});

describe('a page without its token', () => {
  const browser = sharedBrowser();
  const token = 'a-token-of-the-test-that-is-long-enough';

  it('has no more than /health; it keeps the token in the memory of its tab alone', async () => {
    const cwd = makeWorkspace();
    writeFileSync(join(cwd, 'tokens'), `[operator]\ntoken = ${token}\n`, {mode: 0o600});
    const {url} = await startServer(['--sync'], {cwd, env: {UNIQUEID_TOKENS_FILE: 'tokens'}});
    const headers = {authorization: `Bearer ${token}`};
    expect((await ask(url, '/getid?mode=secret-mode&range=1', {headers})).status).toBe(200);
    const {body} = await ask(url, '/dashboard');
    expect(body).not.toContain('secret-mode');
    expect(body).not.toContain(cwd);
    const {page, errors, requests} = await open(browser(), url);
    expect(await page.locator('.verdict h2').textContent()).toContain('Healthy');
    await expectAccessible(page);
    await page.getByLabel('Token').fill('not-the-token-of-this-service');
    await page.keyboard.press('Enter');
    await page.locator('#token-error').filter({hasText: 'token'}).waitFor();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', {name: 'Show'}).first().click();
    await page.getByRole('row', {name: /^secret-mode/}).waitFor();
    await expect.poll(() => page.locator('#live').textContent()).toContain('Live');
    expect(requests.join()).not.toContain(token);
    expect(
      await page.evaluate('JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}])'),
    ).toBe('["",{},{}]');
    expect(await page.content()).not.toContain(token);
    await page.reload();
    await page.getByLabel('Token').waitFor();
    expect(await page.getByRole('row', {name: /^secret-mode/}).count()).toBe(0);
    expect(errors).toEqual([]);
  });
});
