import type {ChalkInstance} from 'chalk';
import type {DatabaseStatus, ModeStatus} from '../lib/store/status.js';
import {bytes, grouped, inWords, percent} from './numbers.js';
import {formatTable} from './table.js';

/** The one screen of `uniqueid status`, line by line. `columns` is `undefined` where there is no terminal. */
export function statusLines(
  {database, schema, modes}: DatabaseStatus,
  columns: number | undefined,
  colour: ChalkInstance,
): string[] {
  const {problem} = schema;
  const size = database.sizeBytes === undefined ? '' : `, ${bytes(database.sizeBytes)}`;
  const lines = [
    `Database    ${database.location} (${database.product}${size})`,
    `Durability  ${database.durability}`,
    `Schema      ${schema.version}, ${problem === undefined ? colour.green('safe to serve') : colour.red('not safe to serve')}`,
  ];
  if (problem !== undefined)
    lines.push(`            ${problem.message}`, `            ${problem.hint ?? ''}`);
  for (const warning of database.warnings) lines.push(colour.yellow(`Warning     ${warning}`));
  lines.push('');
  if (modes.length === 0) return [...lines, 'No modes yet.'];
  const [heading = '', ...rows] = formatTable(
    [
      {title: 'MODE'},
      {title: 'NEXT INDEX', align: 'right'},
      {title: 'USED', align: 'right'},
      {title: 'REMAINING', align: 'right'},
    ],
    modes.map(cells),
    columns ?? Infinity,
  );
  return [...lines, colour.bold(heading), ...rows];
}

function cells({mode, next, remaining, usedShare}: ModeStatus): readonly string[] {
  if (next === null || remaining === null || usedShare === null) return [mode, 'damaged', '-', '-'];
  return [mode, grouped(next), percent(usedShare), inWords(remaining)];
}
