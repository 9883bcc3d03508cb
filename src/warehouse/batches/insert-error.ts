import { GivewayError } from '../../lock/errors.ts';
import { sqlStateOf } from '../sql-state.ts';

/** Rows `from` up to but not including `to`, numbered from 0. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

export type RowStatus = 'in' | 'not-in' | 'unknown';

/**
 * `insertBatches` stopped early. Says of every row whether it is in the table: `'unknown'` are rows whose COMMIT was never
 * answered where the database could not be asked. The reason is the `cause`.
 */
export class InsertError extends GivewayError {
  declare readonly name: 'InsertError';
  /** Rows that are in, in ascending ranges. */
  readonly inserted: readonly RowRange[];
  /** Rows that may be in. */
  readonly unknown: readonly RowRange[];

  constructor(table: string, inserted: readonly RowRange[], unknown: readonly RowRange[], cause: unknown) {
    const count = sizeOf(inserted);
    const doubt = unknown.length === 0 ? '' : ` It is unknown whether ${rangesText(unknown)} ${sizeOf(unknown) === 1 ? 'is' : 'are'} in.`;
    super(
      'ERR_GIVEWAY_INSERT',
      `Inserting into "${table}" stopped after ${count} ${count === 1 ? 'row' : 'rows'}: ${messageOf(cause)}.${adviceFor(cause)}${doubt}`,
      { cause },
    );
    this.inserted = inserted;
    this.unknown = unknown;
  }

  /** Is row `index` in the table? */
  statusOf(index: number): RowStatus {
    const within = ({ from, to }: RowRange): boolean => from <= index && index < to;
    return this.inserted.some(within) ? 'in' : this.unknown.some(within) ? 'unknown' : 'not-in';
  }

  /** Where to go on: all rows before are in, none from here on. `undefined`: there is no such row, ask `statusOf` for each. */
  get resumeFrom(): number | undefined {
    if (this.unknown.length > 0 || this.inserted.length > 1 || (this.inserted[0]?.from ?? 0) > 0) return undefined;
    return this.inserted[0]?.to ?? 0;
  }
}

/** COPY ends with this where a policy of the table judges rows. */
function adviceFor(cause: unknown): string {
  return /row-level security/i.test(messageOf(cause)) && sqlStateOf(cause) === '0A000'
    ? " Say `method: 'insert'`: policies of the table judge rows, and COPY cannot."
    : '';
}

/** What an error says; a connection that was refused on each address of a host says it once for each, and nothing itself. */
function messageOf(error: unknown): string {
  const { message, errors } = (error ?? {}) as { message?: unknown; errors?: unknown };
  if (typeof message === 'string' && message !== '') return message;
  return Array.isArray(errors) ? errors.map(messageOf).join('; ') : String(error);
}

/** Joins ranges that touch. */
export function mergeRanges(ranges: readonly RowRange[]): readonly RowRange[] {
  const merged: RowRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && last.to >= range.from) merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, range.to) };
    else merged.push(range);
  }
  return merged;
}

function sizeOf(ranges: readonly RowRange[]): number {
  return ranges.reduce((sum, { from, to }) => sum + to - from, 0);
}

function rangesText(ranges: readonly RowRange[]): string {
  return ranges.map(({ from, to }) => (to - from === 1 ? `row ${from}` : `rows ${from} to ${to - 1}`)).join(', ');
}
