import { timeOf } from './log/entry.ts';
import { createStatements, type FindStatement, type Statement } from './statements.ts';
import type { ConflictCase, Transaction } from './transaction.ts';

type Row = Readonly<Record<string, unknown>>;

/** Puts a question to the database. */
export type AskAll = (sql: string) => Promise<readonly Row[]>;

/** What Redshift's system tables told. */
export interface RedshiftRead {
  readonly conflicts: number;
  readonly statements: number;
  /** The tables on which it found the cycles, as it names them, and in how many conflicts. */
  readonly tables: readonly (readonly [name: string, conflicts: number])[];
}

interface Ran extends Transaction {
  readonly xid: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isUndone: boolean;
}

const time = (column: string): string => `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS.MS')`;

const conflictsSql = `select c.xact_id as xid, ${time('c.xact_start_ts')} as began, ${time('c.abort_time')} as aborted,
    c.table_id, trim(n.nspname) as schema_name, trim(t.relname) as table_name
  from stl_tr_conflict c left join pg_class t on t.oid = c.table_id left join pg_namespace n on n.oid = t.relnamespace
  order by c.abort_time`;

/** All that ran while a transaction did that was aborted; texts come in pieces of 200 characters. */
const statementsSql = `select s.xid, s.pid, trim(u.usename) as user_name, trim(s.label) as label, s.sequence,
    ${time('s.starttime')} as began, ${time('s.endtime')} as ended, s.text
  from svl_statementtext s left join pg_user u on u.usesysid = s.userid
  where s.xid in (
    select near.xid from svl_statementtext near join stl_tr_conflict c
      on near.xid = c.xact_id or (near.starttime <= c.abort_time and near.endtime >= c.xact_start_ts))
  order by s.xid, s.starttime, s.pid, s.sequence`;

const applicationsSql = `select pid, ${time('recordtime')} as since, trim(application_name) as application
  from stl_connection_log
  where trim(application_name) <> '' and pid in (select s.pid from svl_statementtext s join stl_tr_conflict c
    on s.xid = c.xact_id or (s.starttime <= c.abort_time and s.endtime >= c.xact_start_ts))
  order by recordtime`;

/**
 * Asks Redshift for the transactions that it has aborted (`STL_TR_CONFLICT`), and for what they and those beside them ran
 * (`SVL_STATEMENTTEXT`, `STL_CONNECTION_LOG`). It keeps these for some days, and shows all of them to a superuser or with
 * `SYSLOG ACCESS UNRESTRICTED` alone. Written from the documented names; never run on a Redshift of ours.
 */
export async function readRedshift(askAll: AskAll, onConflict: (conflict: ConflictCase) => void): Promise<RedshiftRead> {
  const conflicts = await askAll(conflictsSql);
  if (conflicts.length === 0) return { conflicts: 0, statements: 0, tables: [] };
  const [pieces, applications] = [await askAll(statementsSql), await askAll(applicationsSql)];
  const ran = transactionsOf(pieces, applicationAt(applications));
  const abortedMs = new Map(conflicts.map(({ xid, aborted }) => [String(xid), timeOf(String(aborted))]));
  for (const { xid, began, aborted } of conflicts) {
    const [fromMs, atMs] = [timeOf(String(began)), timeOf(String(aborted))];
    const victim = ran.get(String(xid)) ?? { application: '', user: '', statements: [] };
    const isBeside = (other: Ran): boolean =>
      other !== victim &&
      !other.isUndone &&
      other.fromMs <= atMs &&
      other.toMs >= fromMs &&
      !((abortedMs.get(other.xid) ?? atMs + 1) <= atMs);
    onConflict({ kind: 'cycle', atMs, victim, beside: [...ran.values()].filter(isBeside), isNamed: false });
  }
  return {
    conflicts: conflicts.length,
    statements: pieces.filter(({ sequence }) => Number(sequence) === 0).length,
    tables: tablesIn(conflicts),
  };
}

type ApplicationAt = (pid: string, atMs: number) => string | undefined;

/** A session may change its name. */
function applicationAt(rows: readonly Row[]): ApplicationAt {
  const names = new Map<string, { readonly sinceMs: number; readonly application: string }[]>();
  for (const { pid, since, application } of rows) {
    const known = names.get(String(pid)) ?? [];
    known.push({ sinceMs: timeOf(String(since)), application: String(application) });
    names.set(String(pid), known);
  }
  return (pid, atMs) => names.get(pid)?.findLast(({ sinceMs }) => sinceMs <= atMs)?.application;
}

const pieceLength = 200;

function transactionsOf(pieces: readonly Row[], applicationOf: ApplicationAt): ReadonlyMap<string, Ran> {
  const findStatement = createStatements();
  const byXid = new Map<string, Row[]>();
  for (const piece of pieces) {
    const xid = String(piece['xid']);
    const known = byXid.get(xid);
    if (known === undefined) byXid.set(xid, [piece]);
    else known.push(piece);
  }
  return new Map([...byXid].map(([xid, own]) => [xid, transactionOf(xid, own, findStatement, applicationOf)]));
}

function transactionOf(xid: string, pieces: readonly Row[], findStatement: FindStatement, applicationOf: ApplicationAt): Ran {
  const texts: string[] = [];
  for (const { sequence, text } of pieces) {
    // A piece's blanks at its end belong to it, unless it is the last.
    if (Number(sequence) === 0) texts.push(String(text));
    else texts.push(`${(texts.pop() ?? '').padEnd(Number(sequence) * pieceLength)}${text}`);
  }
  const written = texts.map((text) => text.replaceAll('\\n', '\n').trim()).filter((text) => text !== '');
  const statements = new Set(
    written.filter((text) => !control.test(text)).map((text): Statement => findStatement(text, 0, (same) => same)),
  );
  const [first] = pieces;
  const fromMs = Math.min(...pieces.map(({ began }) => timeOf(String(began))));
  const label = String(first?.['label'] ?? '');
  return {
    xid,
    application: applicationOf(String(first?.['pid']), fromMs) ?? (label === 'default' ? '' : label),
    user: String(first?.['user_name'] ?? ''),
    statements: [...statements],
    fromMs,
    toMs: Math.max(...pieces.map(({ ended }) => timeOf(String(ended)))),
    isUndone: written.some((text) => /^(?:rollback|abort|undoing)\b/i.test(text)),
  };
}

const control = /^(?:begin|start\s+transaction|commit|end|rollback|abort|undoing)\b/i;

function tablesIn(conflicts: readonly Row[]): RedshiftRead['tables'] {
  const counts = new Map<string, number>();
  for (const { table_id: id, schema_name: schema, table_name: table } of conflicts) {
    // A table that is gone has its number alone.
    const name = typeof table === 'string' ? `${schema}.${table}` : `table ${id}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
