import {describe, inject} from 'vitest';
import {makeMysqlDatabase} from '../helpers/mysql-database.js';
import {describeStore} from './conformance.js';

describe.skipIf(inject('mysqlUrl') === '')('on a real server', () => {
  describeStore({name: 'MariaDB', make: () => makeMysqlDatabase(), quote: '`'});
});
