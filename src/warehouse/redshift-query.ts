import type { Conflict } from '../conflicts/conflict.ts';

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
