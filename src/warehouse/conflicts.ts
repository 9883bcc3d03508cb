import { type ServerError, serverErrorsIn } from './error-chain.ts';

/** Why the database aborted a transaction because of another one. */
export type ConflictKind =
  /** `40001`: no serial order of the transactions would give these results (PostgreSQL). Of Prisma's `P2034` alone: this or a deadlock. */
  | 'serialization'
  /** `40P01`: each waits for a lock of the other. */
  | 'deadlock'
  /** Redshift's 1023, "Serializable isolation violation": the transactions form a cycle. */
  | 'cycle'
  /** Somebody changed a table, a view or a grant at the same moment. */
  | 'ddl'
  /** A table was replaced after this transaction's snapshot was taken: Redshift's 1018, a vanished OID. */
  | 'stale-snapshot';

export interface Conflict {
  readonly kind: ConflictKind;
  /** May the whole transaction, from its BEGIN, be run again after a short wait? */
  readonly retry: boolean;
  /** Must that be on another connection? This one may stay broken. */
  readonly newConnection: boolean;
  /** The SQLSTATE; `XX000` where the error has none. */
  readonly code: string;
  readonly message: string;
  /** The table's id in the database (`pg_class.oid`), where the server tells. */
  readonly tableId?: string;
  /** Ids of the transactions concerned, where the server tells. */
  readonly transactions?: readonly string[];
  /** The server process of one of them, where the server tells. */
  readonly pid?: number;
}

/**
 * What kind of conflict an error is, or `undefined` if it is none: then running the transaction again would most likely
 * fail again. Knows the errors of node-postgres, from PostgreSQL and Redshift, also inside others: as `cause`, in an `AggregateError`, and as
 * Prisma (`P2034`, `P2010`, `DriverAdapterError`), TypeORM, Sequelize, Drizzle and MikroORM wrap them.
 *
 * Unique and exclusion violations (`23505`, `23P01`) are not conflicts here: they may come from a race, but mostly say that
 * the row is there, and that is the caller's to judge.
 */
export function classifyConflict(error: unknown): Conflict | undefined {
  const chain = serverErrorsIn(error);
  for (const found of chain) {
    const rule = rules.find(({ matches }) => matches(found));
    if (rule !== undefined) return describe(found, rule);
  }
  // Prisma's word for it counts where the server's own is not to be had.
  const untold = chain.find(({ isWriteConflict }) => isWriteConflict);
  return untold && describe({ ...untold, code: '40001' }, { kind: 'serialization' });
}

interface Outcome {
  readonly kind: ConflictKind;
  readonly retry?: boolean;
  readonly newConnection?: boolean;
}

interface Rule extends Outcome {
  readonly matches: (error: ServerError) => boolean;
}

const internal = 'XX000';

/** Redshift's own numbers stand at the beginning of the message of an internal error. */
const isNumbered = (code: string, text: string, number: number): boolean =>
  code === internal && new RegExp(`^(?:ERROR:\\s*)?${number}\\b`).test(text);

const rules: readonly Rule[] = [
  { kind: 'serialization', matches: ({ code }) => code === '40001' },
  { kind: 'deadlock', matches: ({ code }) => code === '40P01' },
  // Some drivers drop the code and put the detail into the message.
  { kind: 'cycle', matches: ({ code, text }) => isNumbered(code, text, 1023) || /serializable isolation violation on table/i.test(text) },
  // The snapshot is older than the table: only a transaction started later can see it, and only once the swap is done.
  { kind: 'stale-snapshot', retry: false, matches: ({ code, text }) => isNumbered(code, text, 1018) },
  { kind: 'ddl', newConnection: true, matches: ({ text }) => /conflict with concurrent transaction/i.test(text) },
  { kind: 'ddl', matches: ({ code, text }) => code === internal && /tuple concurrently (?:updated|deleted)/.test(text) },
  {
    kind: 'stale-snapshot',
    matches: ({ text }) =>
      /could not open relation with OID \d+|relation with OID \d+ does not exist|cache lookup failed for relation \d+/.test(text),
  },
];

function describe({ code, message, text }: ServerError, { kind, retry = true, newConnection = false }: Outcome): Conflict {
  const tableId = /(?:violation on table -|relation with OID|for relation|on relation)\s*(\d+)/i.exec(text)?.[1];
  const cycle = /transactions forming the cycle are:\s*([\d,\s]+)/i.exec(text)?.[1]?.match(/\d+/g);
  const transactions = cycle ?? [...text.matchAll(/on transaction (\d+)/g)].map(([, id = '']) => id);
  const pid = /\(pid:\s*(\d+)\)|^Process (\d+) waits/im
    .exec(text)
    ?.slice(1)
    .find((found) => found !== undefined);
  return {
    kind,
    retry,
    newConnection,
    code: code === '' ? internal : code,
    message,
    ...(tableId !== undefined && { tableId }),
    ...(transactions.length > 0 && { transactions: [...new Set(transactions)] }),
    ...(pid !== undefined && { pid: Number(pid) }),
  };
}

/**
 * Queries to paste into a Redshift session: the table, the transactions aborted on it, and what the transactions of the
 * cycle ran. Needs a superuser, or `SYSLOG ACCESS UNRESTRICTED`; Redshift keeps these logs for a few days.
 */
export function redshiftDiagnosticQuery({ tableId, transactions = [] }: Pick<Conflict, 'tableId' | 'transactions'>): string {
  const ids = transactions.join(', ');
  const known = [...(tableId === undefined ? [] : [`table_id = ${tableId}`]), ...(ids === '' ? [] : [`xact_id in (${ids})`])];
  const aborted = known.length > 0 ? known.join(' or ') : 'abort_time > dateadd(hour, -1, getdate())';
  const table = `-- The table.
select n.nspname as schema_name, c.relname as table_name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.oid = ${tableId};

`;
  return `${tableId === undefined ? '' : table}-- The transactions that were aborted.
select xact_id, process_id, xact_start_ts, abort_time, table_id
from stl_tr_conflict
where ${aborted}
order by abort_time desc limit 50;

-- What they, and those they met, ran.
select xid, pid, starttime, endtime, sequence, trim(text) as text
from svl_statementtext
where xid in (${ids === '' ? `select xact_id from stl_tr_conflict where ${aborted}` : ids})
order by starttime, xid, sequence;`;
}
