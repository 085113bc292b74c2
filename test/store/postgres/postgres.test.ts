import {needs} from '../../helpers/run/needs.js';
import {makePostgresDatabase} from '../../helpers/databases/postgres-database.js';
import {describeStore} from '../conformance.js';

const shapes = {
  PostgreSQL: [],
  'PostgreSQL with text ids and a unique index': [
    'DROP TABLE uniqueindex',
    'CREATE TABLE uniqueindex ("id" text NOT NULL, "index" bigint)',
    'CREATE UNIQUE INDEX one ON uniqueindex ("id") INCLUDE ("index")',
  ],
  'PostgreSQL with further columns and a harmless check': [
    `ALTER TABLE uniqueindex ADD COLUMN made timestamptz NOT NULL DEFAULT now(), ADD COLUMN note text,
     ADD COLUMN twice text GENERATED ALWAYS AS ("id" || "id") STORED, ADD CHECK ("index" > -100)`,
  ],
};

needs('postgresql').describe('on a real server', () => {
  for (const [name, reshape] of Object.entries(shapes))
    describeStore({name, make: () => makePostgresDatabase(), quote: '"', reshape});
});
