import { markdownTable } from '../../bench/table.ts';

/** One line of a matrix. */
export interface Row {
  readonly what: string;
  readonly result: string;
  readonly passed: boolean;
  /** What a reader should know besides; of a failure, why. */
  readonly notes: readonly string[];
}

/** Which rows are wanted, and whom to tell of each as it comes. */
export interface Choice {
  /** Those that CI takes. */
  readonly quick: boolean;
  /** Of the row that begins with this. */
  isWanted(what: string): boolean;
  note(line: string): void;
}

export function rowsTable(rows: readonly Row[]): string {
  return markdownTable(
    ['what', 'result', 'notes'],
    rows.map(({ what, result, passed, notes }) => [what, passed ? result : `FAILED: ${result}`, notes.map(inCell).join('; ')]),
  );
}

/** The rest is in `--json`. */
const longestNote = 400;

function inCell(note: string): string {
  return note.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').slice(0, longestNote);
}
