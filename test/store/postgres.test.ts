import {needs} from '../helpers/needs.js';
import {makePostgresDatabase} from '../helpers/postgres-database.js';
import {describeStore} from './conformance.js';

needs('postgresql').describe('on a real server', () => {
  describeStore({name: 'PostgreSQL', make: () => makePostgresDatabase(), quote: '"'});
});
