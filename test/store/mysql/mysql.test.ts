import {makeMysqlDatabase} from '../../helpers/databases/mysql-database.js';
import {needs} from '../../helpers/run/needs.js';
import {describeStore} from '../conformance.js';

const recreate = (columns: string, options: string): readonly string[] => [
  'DROP TABLE uniqueindex',
  `CREATE TABLE uniqueindex (${columns}) ENGINE = InnoDB ${options}`,
];

needs('mariadb').describe('on a real server', () => {
  const make = () => makeMysqlDatabase();
  describeStore({name: 'MariaDB', make, quote: '`'});
  describeStore({
    name: 'MariaDB in latin1',
    make,
    quote: '`',
    reshape: recreate(
      'id VARCHAR(255) NOT NULL PRIMARY KEY, `index` BIGINT NOT NULL',
      'CHARACTER SET latin1 COLLATE latin1_nopad_bin',
    ),
    fewLetters: true,
  });
  describeStore({
    name: 'MariaDB with a unique index and further columns',
    make,
    quote: '`',
    reshape: recreate(
      'id VARCHAR(255) NOT NULL, `index` BIGINT, note TEXT, made TIMESTAMP NOT NULL DEFAULT now(), UNIQUE (id)',
      'CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin',
    ),
  });
});
