// Takes a picture of the dashboard, docs/dashboard.png; or of all its states, into the folder that is named.
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, realpathSync, rmSync} from 'node:fs';
import {Agent, request} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import Database from 'better-sqlite3';
import {chromium} from 'playwright-core';

const program = fileURLToPath(new URL('../bin/run.js', import.meta.url));
const picture = fileURLToPath(new URL('../docs/dashboard.png', import.meta.url));
const [states] = process.argv.slice(2);
const seconds = Number(process.env.UNIQUEID_SCREEN_SECONDS ?? 60);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'uniqueid-dashboard-')));
const env = {PATH: process.env.PATH, HOME: folder, UNIQUEID_ON_REGRESSION: 'stop'};
const options = {cwd: folder, env};
const modes = ['dataset', 'file', 'proposal', 'transaction', 'upload_job'];
const agent = new Agent({keepAlive: true});
let isLoaded = true;

const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
const service = await startService();
try {
  const loads = modes.map((mode, index) => load(mode, index));
  await sleep(seconds * 1000);
  if (states === undefined) await take(picture, {width: 1280, height: 700});
  else await takeStates(loads);
} finally {
  isLoaded = false;
  await browser.close();
  const ended = once(service.process, 'exit');
  service.process.kill();
  await ended;
  rmSync(folder, {recursive: true});
}

async function takeStates(loads) {
  const wide = {width: 1280, height: 900};
  await take(join(states, 'light.png'), wide);
  await take(join(states, 'dark.png'), wide, {colorScheme: 'dark'});
  await take(join(states, 'mode.png'), wide, {fragment: '#mode=file'});
  await take(join(states, 'phone.png'), {width: 320, height: 1600});
  await take(join(states, '4k.png'), {width: 3840, height: 2160}, {colorScheme: 'dark'});
  const database = new Database(join(folder, 'db.sqlite3'));
  database.prepare(`UPDATE uniqueindex SET "index" = 7 WHERE id = 'file'`).run();
  database.prepare(`INSERT INTO uniqueindex VALUES ('nearly', 9200000000000000000)`).run();
  await sleep(3000);
  await take(join(states, 'quarantine.png'), wide);
  database.exec('BEGIN EXCLUSIVE');
  await sleep(12_000);
  await take(join(states, 'outage.png'), wide, {colorScheme: 'dark'});
  database.close();
  isLoaded = false;
  await Promise.all(loads);
}

/** Takes a picture of the page after its first answers. */
async function take(path, viewport, {colorScheme = 'light', fragment = ''} = {}) {
  const context = await browser.newContext({viewport, colorScheme, timezoneId: 'UTC', locale: 'en-GB'});
  const page = await context.newPage();
  // The place of the database differs between runs.
  await page.route('**/dashboard*', async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replaceAll(folder, '/srv/uniqueid');
    await route.fulfill({response, body});
  });
  await page.goto(`${service.url}/dashboard${fragment}`);
  await page.locator('#live').filter({hasText: 'Live'}).waitFor();
  await page.evaluate(`document.getElementById('place').textContent = '127.0.0.1:8051'`);
  await sleep(2500);
  // A picture in the README must not show an old version.
  await page.evaluate(`document.querySelector('#service div').hidden = true`);
  await page.screenshot({path});
  // An answer may still be on its way.
  await page.unrouteAll({behavior: 'ignoreErrors'});
  await context.close();
}

async function startService() {
  spawnSync(process.execPath, [program, 'dbsync'], options);
  const child = spawn(process.execPath, [program, 'serve', '--port', '0'], options);
  const [started] = await once(child.stderr, 'data');
  child.stderr.resume();
  const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(`${started}`) ?? [];
  if (url === undefined) throw new Error(`The service did not start: ${started}`);
  return {process: child, url};
}

/** Requests ranges at a rate that rises and falls, and a malformed one now and then. */
async function load(mode, index) {
  for (let turn = 0; isLoaded; turn++) {
    const range = turn % 400 === 399 ? 'x' : String(1 + ((turn * 7) % 40));
    await ask(`${service.url}/getid?mode=${mode}&range=${range}`).catch(() => sleep(100));
    await sleep(4 + 16 * (1 + Math.sin(Date.now() / (5000 + 2000 * index))));
  }
}

function ask(url) {
  return new Promise((resolve, reject) => {
    request(url, {agent}, (answer) => answer.resume().on('end', resolve))
      .on('error', reject)
      .end();
  });
}
