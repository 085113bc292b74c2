import {makeMysqlDatabase} from '../helpers/mysql-database.js';
import {needs} from '../helpers/needs.js';
import {describeStore} from './conformance.js';

needs('mariadb').describe('on a real server', () => {
  describeStore({name: 'MariaDB', make: () => makeMysqlDatabase(), quote: '`'});
});
