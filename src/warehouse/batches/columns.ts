import { isDate } from 'node:util/types';
import { InvalidOptionError } from '../../lock/errors.ts';

/** One row: an object with values of its own by column name; what it inherits does not count. `null` is NULL; a column that is `undefined` is missing. */
export type Row = object;
type Columns = Readonly<Record<string, unknown>>;

/** A name as it goes into SQL, whatever is in it. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The columns to fill: those asked for, else those of the first row. */
export function columnsOf(first: Row, asked: readonly string[] | undefined): readonly string[] {
  if (typeof first !== 'object' || first === null)
    throw new InvalidOptionError('rows[0]', first, `an object with the columns ${asked?.join(', ') ?? 'of the table'} is allowed`);
  const columns = asked ?? Object.keys(first);
  if (columns.length === 0) throw new InvalidOptionError('rows[0]', first, 'a row needs at least one column');
  return columns;
}

/** The values of a row in the order of `columns`, put into `values`. A missing or an extra column is refused, with the row's number. */
export function valuesOf(row: Row, columns: readonly string[], index: number, values: unknown[]): void {
  if (typeof row !== 'object' || row === null)
    throw new InvalidOptionError(`rows[${index}]`, row, `an object with the columns ${columns.join(', ')} is allowed`);
  let at = 0;
  // Rows that are made alike have their keys in the order of the columns: going through them is cheaper than asking for each by its name.
  for (const column in row) {
    if (column !== columns[at] || !Object.hasOwn(row, column)) return valuesByName(row, columns, index, values);
    values[at++] = checkedValue((row as Columns)[column], column, index);
  }
  values.length = columns.length;
  if (at < columns.length) valuesByName(row, columns, index, values);
}

function valuesByName(row: Row, columns: readonly string[], index: number, values: unknown[]): void {
  columns.forEach((column, at) => {
    // What objects inherit (`constructor`, `toString`) is no column of theirs.
    values[at] = checkedValue(Object.hasOwn(row, column) ? (row as Columns)[column] : undefined, column, index);
  });
  for (const column of Object.keys(row)) {
    if (!columns.includes(column))
      throw new InvalidOptionError(`rows[${index}].${column}`, (row as Columns)[column], `the columns are ${columns.join(', ')}`);
  }
}

function checkedValue(value: unknown, column: string, index: number): unknown {
  if (value === undefined)
    throw new InvalidOptionError(`rows[${index}].${column}`, undefined, 'every row needs every column; give null for NULL');
  if (typeof value === 'object' && isDate(value) && Number.isNaN(value.getTime()))
    throw new InvalidOptionError(`rows[${index}].${column}`, value, 'a date that is one is allowed, or null');
  return value;
}
