import {readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright-core';
import {expect} from 'vitest';
import {atEnd, shared} from '../run/shared.js';

const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** A page, with all that went wrong on it. */
export interface OpenPage {
  readonly page: Page;
  /** Errors of the script, and what the browser blocked. */
  readonly errors: readonly string[];
  /** The URLs of all requests. */
  readonly requests: readonly string[];
}

/** Starts a browser for all tests of the surrounding suite. */
export function sharedBrowser(): () => Browser {
  return shared(async () => {
    // The sandbox of the browser does not run as root.
    const browser = await chromium.launch({executablePath: '/usr/bin/chromium', args: ['--no-sandbox']});
    atEnd(() => browser.close());
    return browser;
  });
}

/** Opens a URL in a window of its own, which is closed when the test ends. */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({timezoneId: 'UTC', locale: 'en-GB', ...options});
  atEnd(() => context.close());
  const page = await context.newPage();
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // A status of an error or an outage is no defect of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      errors.push(message.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(url);
  return {page, errors, requests};
}

/** Expects that axe-core finds nothing that hinders people with disabilities. */
export async function expectAccessible(page: Page): Promise<void> {
  // The policy of the page blocks scripts of others, but not those of the debugger.
  await page.evaluate(readFileSync(axe, 'utf8'));
  const violations = await page.evaluate(async () => {
    const {axe: checker} = globalThis as unknown as {
      axe: {
        run: () => Promise<{violations: {id: string; nodes: {html: string; failureSummary: string}[]}[]}>;
      };
    };
    const {violations: found} = await checker.run();
    return found.map(({id, nodes}) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  });
  expect(violations).toEqual([]);
}
