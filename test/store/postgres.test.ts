import {describe, inject} from 'vitest';
import {makePostgresDatabase} from '../helpers/postgres-database.js';
import {describeStore} from './conformance.js';

describe.skipIf(inject('postgresUrl') === '')('on a real server', () => {
  describeStore({name: 'PostgreSQL', make: () => makePostgresDatabase(), quote: '"'});
});
