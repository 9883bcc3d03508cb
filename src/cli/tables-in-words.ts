import type { TableMade } from './make-tables.ts';
import { printable } from './terminal.ts';

const purposes = { locks: 'for the locks', journal: 'for the journal' } as const;

/** What was made, a line each. */
export function tablesInWords(tables: readonly TableMade[]): string {
  const lines = tables.filter(({ state }) => state !== 'forbidden').map((table) => `${printable(lineOf(table))}\n`);
  const hint = 'No journal: GIVEWAY_JOURNAL=postgres://… names a database for one.\n';
  return lines.join('') + (tables.some(({ purpose }) => purpose === 'journal') ? '' : hint);
}

function lineOf({ purpose, table, place, state }: TableMade): string {
  if (state === 'not needed') return `The locks need no table: ${place}.`;
  return state === 'made'
    ? `Made ${table} in ${place}, ${purposes[purpose]}.`
    : `${table} is there already, in ${place}, ${purposes[purpose]}.`;
}

/** What this user may not make, and what another must run. Empty where there is nothing to be asked for. */
export function requestInWords(tables: readonly TableMade[]): string {
  const forbidden = tables.filter(({ state }) => state === 'forbidden');
  return forbidden
    .map(({ table, place, reason = '', sql }) => {
      const who = sql === undefined ? '' : '. Somebody who may must run there:';
      return `giveway: ${printable(`this user may not make ${table} in ${place}: ${reason}${who}`)}\n${sql ?? ''}`;
    })
    .join('');
}
