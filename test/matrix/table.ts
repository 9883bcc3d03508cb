import { markdownTable } from '../../bench/table.ts';

/** One line of a matrix. */
export interface Row {
  readonly what: string;
  readonly result: string;
  readonly passed: boolean;
  /** What a reader should know besides; of a failure, why. */
  readonly notes: readonly string[];
}

export function rowsTable(rows: readonly Row[]): string {
  return markdownTable(
    ['what', 'result', 'notes'],
    rows.map(({ what, result, passed, notes }) => [what, passed ? result : `FAILED: ${result}`, notes.map(inCell).join('; ')]),
  );
}

function inCell(note: string): string {
  return note.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
