import type { SqlReader } from './sql/index.ts';
import { type Item, isWord, piecesOf } from './sql/items.ts';
import { qualifiedName } from './sql/names.ts';
import { tokenize } from './sql/tokens.ts';
import { endedState } from './transaction-state.ts';

interface Temporary {
  readonly endsWithTransaction: boolean;
  /** When in its transaction it was made; `undefined`: before. */
  readonly madeAt: number | undefined;
}

/** Which temporary tables a session has, as its statements say. */
export class TemporaryTables {
  readonly #reader: SqlReader;
  readonly #hasFailed: () => boolean;
  readonly #tables = new Map<string, Temporary>();
  readonly #savepoints = new Map<string, number>();
  #inside: boolean;
  /** A statement of the transaction under way was refused: the client hears of that before it hears of the transaction's state. */
  #wasRefused = false;
  #clock = 0;

  /** `hasFailed`: has the transaction under way failed, so that its COMMIT will roll back? */
  constructor(reader: SqlReader, isInside: boolean, hasFailed: () => boolean) {
    this.#reader = reader;
    this.#inside = isInside;
    this.#hasFailed = hasFailed;
  }

  /** SQL that makes tables of these names. */
  asMade(): string {
    return [...this.#tables.keys()].map((table) => `create temporary table ${table} ();\n`).join('');
  }

  /** What a statement was to make that failed is not there, nor will be what its transaction made. */
  refused(tables: readonly string[]): void {
    this.#wasRefused = this.#inside;
    this.#forget(tables);
  }

  #forget(tables: readonly string[]): void {
    for (const table of tables) this.#tables.delete(table);
  }

  /** Takes in a text that is sent now. `made`: the temporary tables it makes. */
  take(sql: string, made: readonly string[]): void {
    if (made.length === 0 && this.#tables.size === 0 && endedState(sql) === undefined) return;
    for (const { items, start, end } of piecesOf(tokenize(sql) ?? []) ?? []) this.#takeStatement(items, sql.slice(start, end));
  }

  #takeStatement(items: readonly Item[], sql: string): void {
    const [first, second] = items;
    const last = items.at(-1)?.text ?? '';
    const state = endedState(sql);
    if (isWord(first, 'commit', 'end', 'rollback', 'abort', 'prepare') && state !== undefined)
      this.#endTransaction(isWord(first, 'rollback', 'abort'));
    else if (isWord(first, 'savepoint')) this.#savepoints.set(last, this.#clock);
    else if (isWord(first, 'rollback', 'abort')) this.#rollBackTo(this.#savepoints.get(last) ?? 0);
    else if (isWord(first, 'discard') && isWord(second, 'all', 'temp', 'temporary')) this.#tables.clear();
    else if (endsTable(items)) this.#forget(items.map(({ text }) => qualifiedName([text])));
    if (state !== undefined) this.#inside = state === 'inside';
    this.#make(this.#reader.tablesWritten(sql)?.temporary ?? [], /\bon\s+commit\s+drop\b/i.test(sql));
  }

  #make(tables: readonly string[], endsWithTransaction: boolean): void {
    // Outside, its transaction is over with the statement.
    if (endsWithTransaction && !this.#inside) return;
    const madeAt = this.#inside ? ++this.#clock : undefined;
    for (const table of tables) this.#tables.set(table, { endsWithTransaction, madeAt });
  }

  #endTransaction(rollsBack: boolean): void {
    if (rollsBack || this.#wasRefused || this.#hasFailed()) this.#rollBackTo(0);
    this.#wasRefused = false;
    for (const [table, { endsWithTransaction }] of this.#tables) {
      if (endsWithTransaction) this.#tables.delete(table);
      else this.#tables.set(table, { endsWithTransaction, madeAt: undefined });
    }
    this.#savepoints.clear();
  }

  #rollBackTo(savepoint: number): void {
    this.#wasRefused = false;
    for (const [table, { madeAt = 0 }] of this.#tables) if (madeAt > savepoint) this.#tables.delete(table);
  }
}

function endsTable(items: readonly Item[]): boolean {
  if (isWord(items[0], 'drop')) return isWord(items[1], 'table', 'view');
  return items.some((item, at) => isWord(item, 'rename') && isWord(items[at + 1], 'to'));
}
