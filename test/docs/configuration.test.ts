import {expect, it} from 'vitest';
import {withSettingsTable} from '../../scripts/settings-table.js';
import {readPage} from '../helpers/folders/pages.js';

it('the table of settings in docs/operate/configuration.md is fresh', () => {
  const page = readPage('docs/operate/configuration.md');
  expect(page, 'run "npm run settings" and look at what changed').toBe(withSettingsTable(page));
});
