import {describeStore} from './conformance.js';
import {makeSqliteDatabase} from '../helpers/sqlite-database.js';

describeStore({name: 'SQLite', make: () => Promise.resolve(makeSqliteDatabase()), quote: '"'});
