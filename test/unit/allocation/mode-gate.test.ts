import {expect, it} from 'vitest';
import {ModeGate} from '../../../src/lib/allocation/mode-gate.js';
import {migrate} from '../../../src/lib/store/schema/migrate.js';
import {makeSqliteDatabase} from '../../helpers/databases/sqlite-database.js';

it('the mode gate counts the modes of other servers before it admits many more', async () => {
  const {open, execute} = makeSqliteDatabase();
  const store = await open({create: true});
  await migrate(store);
  const gate = new ModeGate(store, {createModes: true, maxModes: 5000});
  expect(await gate.rejected(['first'])).toEqual(new Map());
  // The cached count is younger than its lifetime of one second.
  await execute(
    `INSERT INTO uniqueindex SELECT 'other' || value, 1 FROM
       (WITH RECURSIVE numbers(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM numbers LIMIT 4990) SELECT value FROM numbers)`,
  );
  const wanted = Array.from({length: 1000}, (_, index) => `mode${index}`);
  const rejected = await gate.rejected(wanted);
  expect([...rejected.keys()]).toEqual(wanted.slice(10));
});
