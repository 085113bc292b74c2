import {describe, expect, it} from 'vitest';
import {structureOf} from '../helpers/programs/structure.js';

const record =
  '{"level":"error","code":"COUNTER_REGRESSED","mode":"file","next":7,"msg":"The counter of mode \\"file\\" is 7."}';

describe('the comparison of an output with a page', () => {
  it.each([
    ['Error: The database db.sqlite3 has no mode "fil".', 'Error: No mode "fil" exists in db.sqlite3.'],
    [
      '{"status": "400 Bad Request", "message": "The range is missing."}',
      '{"status": "400 Bad Request", "message": "Give a range."}',
    ],
    [record, record.replace('The counter of mode', 'This server has the mode').replace('is 7', 'at 7')],
    ['Copied 2 counters from a.db\n  to b.db.\n', 'Copied 2 counters from a.db to b.db.'],
    ['Error: The port 80 is\n       in use.', 'Error: Another program uses the port 80.'],
    ['Try:   Run "uniqueid dbsync".', 'Try:   The command "uniqueid dbsync" creates it.'],
  ])('ignores another wording: %j', (shown, printed) => {
    expect(structureOf(printed)).toEqual(structureOf(shown));
  });

  it.each([
    ['a number in a sentence', 'The counter is now at 7.', 'The counter is now at 8.'],
    ['a quoted name', 'Error: It has no mode "fil".', 'Error: It has no mode "file".'],
    ['a file name', 'Copied a counter to a.db.', 'Copied a counter to b.db.'],
    ['a command in a hint', 'Try:   Run "uniqueid dbsync" first.', 'Try:   Run "uniqueid status" first.'],
    ['a flag', 'Add the flag --yes to it.', 'Add the flag --force to it.'],
    ['a number in JSON', record, record.replace('"next":7', '"next":8')],
    ['a number in a message in JSON', record, record.replace('is 7', 'is 8')],
    ['a name in a message in JSON', record, record.replace('\\"file\\"', '\\"other\\"')],
    ['a code in JSON', record, record.replace('REGRESSED', 'DAMAGED')],
    ['a key of JSON', record, record.replace('"mode"', '"name"')],
    ['a value of JSON', '{"safe": true, "equal": true}', '{"safe": true, "equal": false}'],
    ['a key above a message', '{"message": "It is too large."}', '{"reason": "It is too large."}'],
    ['a missing line', '{"a": 1}\n{"b": 2}', '{"a": 1}'],
    ['a row of a table', 'file  251,038  9.2 billion', 'other  251,038  9.2 billion'],
    ['a column of a table', 'MODE  NEXT INDEX  USED', 'MODE  NEXT INDEX'],
    ['a status of HTTP', 'HTTP/1.1 400 Bad Request', 'HTTP/1.1 403 Forbidden'],
    ['a header of HTTP', 'Retry-After: 1', 'Retry-After: 2'],
    ['an exit status', '3', '4'],
  ])('notices %s', (_, shown, printed) => {
    expect(structureOf(printed)).not.toEqual(structureOf(shown));
  });
});
