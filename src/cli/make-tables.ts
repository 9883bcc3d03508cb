import type { LoadedConfig } from '../config/index.ts';
import type { StoreUrl } from '../config/store-url.ts';
import type { GivewayError } from '../lock/errors.ts';
import { redactUrl } from '../lock/redact.ts';
import type { LockStore } from '../lock/store.ts';
import { type JournalFlags, openJournal } from './journal.ts';
import type { Terminal } from './terminal.ts';

/** What became of one table. */
export interface TableMade {
  readonly purpose: 'locks' | 'journal';
  readonly table: string;
  /** The URL without credentials. */
  readonly place: string;
  /** `forbidden`: by the rights of the user. */
  readonly state: 'made' | 'there' | 'not needed' | 'forbidden';
  /** What somebody with the rights must run, where the database is known to speak SQL. */
  readonly sql?: string;
  /** What the database said, of `forbidden`. */
  readonly reason?: string;
}

type Maker = LockStore & { createTable(): Promise<void> };

/** Makes the lock table of a store that needs one. Rejects with what the store rejects with, except for lack of rights. */
export async function makeLockTable({ store: setting }: LoadedConfig): Promise<TableMade> {
  const url = setting.address();
  const { table, sql } = await lockTableOf(url);
  const about = { purpose: 'locks', table, place: setting.label } as const;
  const store = await setting.open();
  try {
    if (!isMaker(store)) return { ...about, state: 'not needed' };
    const isThere = await store.read('giveway init').then(
      () => true,
      (error: unknown) => unlessCode(error, 'ERR_GIVEWAY_TABLE_MISSING'),
    );
    await store.createTable();
    return { ...about, state: isThere ? 'there' : 'made' };
  } catch (error) {
    unlessCode(error, 'ERR_GIVEWAY_STORE_FORBIDDEN');
    return { ...about, state: 'forbidden', reason: (error as Error).message, ...(sql === undefined ? {} : { sql }) };
  } finally {
    if (setting.closesStore) await store.close();
  }
}

/** Makes the journal in the database of that URL, or adds to one of an earlier version. Rejects with what the database said, except for lack of rights. */
export async function makeJournal(terminal: Terminal, flags: JournalFlags, url: string): Promise<TableMade> {
  const { createJournalTableSql } = await import('../observe/index.ts');
  const table = flags.journalTable ?? 'giveway_journal';
  const about = { purpose: 'journal', table, place: redactUrl(url) } as const;
  const open = await openJournal({ ...terminal, env: { ...terminal.env, GIVEWAY_JOURNAL: url } }, flags);
  if (open === undefined) throw new Error(`there is no database in ${redactUrl(url)}`);
  let isThere = false;
  try {
    isThere = await open.journal.entries({ limit: 1 }).then(
      () => true,
      (error: unknown) => unlessCode(error, '42P01'),
    );
    await open.journal.createTable();
    return { ...about, state: isThere ? 'there' : 'made' };
  } catch (error) {
    if ((error as { code?: unknown }).code !== '42501') throw new Error(`${table} could not be made: ${open.problem}`, { cause: error });
    // What is there may be an owner's whose it is not: it is there.
    if (isThere) return { ...about, state: 'there' };
    const sql = `${createJournalTableSql(table)}${grants(table, userOf(url))}`;
    return { ...about, state: 'forbidden', reason: (error as Error).message, sql };
  } finally {
    await open.close();
  }
}

async function lockTableOf(url: StoreUrl | undefined): Promise<{ readonly table: string; readonly sql?: string }> {
  const table = url?.parameters.get('table') ?? (url?.scheme === 'dynamodb' ? url.authority : 'giveway_locks');
  switch (url?.scheme) {
    case 'postgres':
    case 'postgresql': {
      const { createTableSql } = await import('../stores/postgres/index.ts');
      const user = quotedUser(url.username);
      return { table, sql: `${createTableSql(table)}${grants(table, user)}grant usage on sequence ${table}_version to ${user};\n` };
    }
    case 'mysql':
    case 'mariadb': {
      const { createTableSql } = await import('../stores/mysql/index.ts');
      return { table, sql: createTableSql(table) };
    }
    default:
      return { table };
  }
}

function grants(table: string, user: string): string {
  return `grant select, insert, update, delete on ${table} to ${user};\n`;
}

function userOf(url: string): string {
  return quotedUser(decodeURIComponent(new URL(url).username));
}

/** Where the URL names none it is the account of the system, which whoever runs this knows better. */
function quotedUser(name: string | undefined): string {
  return name ? `"${name.replaceAll('"', '""')}"` : '"the user of giveway"';
}

function isMaker(store: LockStore): store is Maker {
  return typeof (store as Partial<Maker>).createTable === 'function';
}

/** `false` for an error of that code; throws others. */
function unlessCode(error: unknown, code: string): false {
  if ((error as GivewayError | undefined)?.code === code) return false;
  throw error;
}
