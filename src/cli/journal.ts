import type { Command } from 'commander';
import type { Pool } from 'pg';
import { loadPg } from '../config/peers.ts';
import { GivewayError } from '../lock/errors.ts';
import { printable } from '../lock/holder.ts';
import { redactText, redactUrl } from '../lock/redact.ts';
import { shortly } from '../observe/answers/shortly.ts';
import type { PostgresJournal } from '../observe/index.ts';
import { nonEmpty } from './commands/grammar.ts';
import { checkPostgresUrl } from './database-url.ts';
import { journalUnread } from './exit-codes.ts';
import { refuseAlone } from './refuse-alone.ts';
import type { Terminal } from './terminal.ts';

export interface JournalFlags {
  readonly journalTable?: string;
  /** Of `run` alone: the others write nothing, so they delete nothing. */
  readonly journalRetention?: number;
}

/** The journal of the fleet, on a connection of its own. */
export interface OpenJournal {
  readonly journal: PostgresJournal;
  /** Why it could not be read or written the last time, without credentials. */
  readonly problem: string | undefined;
  /** Writes what has gathered, within 5 seconds, and hangs up. */
  close(): Promise<void>;
}

export function withJournalFlag(command: Command): Command {
  return command.option('--journal-table <name>', 'in the database that GIVEWAY_JOURNAL names (default: giveway_journal)', nonEmpty);
}

/**
 * The journal that `GIVEWAY_JOURNAL` names; a variable, since everybody can read a command line. `undefined`: none. Connects when
 * it is first asked or has something to write. Throws `InvalidOptionError`.
 */
export async function openJournal(
  { env }: Terminal,
  { journalTable: table, journalRetention: retentionMs }: JournalFlags,
): Promise<OpenJournal | undefined> {
  const url = env.GIVEWAY_JOURNAL;
  if (!url) {
    refuseAlone('--journal-table', table, 'the journal that GIVEWAY_JOURNAL names');
    refuseAlone(
      '--journal-retention',
      retentionMs === undefined ? undefined : shortly(retentionMs),
      'the journal that GIVEWAY_JOURNAL names',
    );
    return undefined;
  }
  checkPostgresUrl('GIVEWAY_JOURNAL', url);
  const { postgresJournal } = await import('../observe/index.ts');
  let opening: Promise<Pool> | undefined;
  let problem: string | undefined;
  const query = async (text: string, values?: unknown[]): Promise<{ rows: readonly unknown[] }> => {
    try {
      opening ??= connect(url);
      const answer = await (await opening).query(text, values);
      problem = undefined;
      return answer;
    } catch (error) {
      problem = inWords(error, url);
      throw error;
    }
  };
  const journal = postgresJournal({ pool: { query }, ...(table && { table }), ...(retentionMs && { retentionMs }) });
  return {
    journal,
    get problem() {
      return problem;
    },
    async close() {
      await journal.close();
      await opening?.then((pool) => pool.end()).catch(() => {});
    },
  };
}

/** For a command that cannot do without: what the journal answers, or an error that says why it did not. */
export async function readJournal<T>(open: OpenJournal, read: (journal: PostgresJournal) => Promise<T>): Promise<T> {
  try {
    return await read(open.journal);
  } catch (cause) {
    throw new GivewayError(journalUnread, `The journal could not be read: ${open.problem ?? String(cause)}`, { cause });
  }
}

async function connect(connectionString: string): Promise<Pool> {
  const pg = await loadPg();
  const pool = new pg.Pool({
    connectionString,
    max: 1,
    application_name: 'giveway journal',
    connectionTimeoutMillis: 3_000,
    statement_timeout: 10_000,
  });
  // An idle connection that breaks is replaced when it is needed.
  pool.on('error', () => {});
  return pool;
}

function inWords(error: unknown, url: string): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const said = printable(`${redactText(message || String(code))} (${redactUrl(url)})`);
  return code === '42P01' ? `${said}; giveway init --create-tables makes it` : said;
}
