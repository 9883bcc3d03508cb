import { InvalidOptionError } from '../../lock/errors.ts';
import type { JournalQuery } from './journal.ts';
import { type Question, questionOf } from './question.ts';

export const defaultJournalTable = 'giveway_journal';

/** The SQL that `createTable()` runs, for those who keep their schema in migrations. Safe to run again. */
export function createJournalTableSql(table: string = defaultJournalTable): string {
  const name = checkJournalTable(table);
  const index = name.slice(name.indexOf('.') + 1);
  return `create table if not exists ${name} (
  id text collate "C" primary key,
  kind text not null,
  resource text not null,
  job text,
  host text not null,
  pid integer not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  latest_end timestamptz not null,
  outcome text not null,
  waited_ms float8,
  details jsonb not null
);
create index if not exists ${index}_started on ${name} (started_at);
create index if not exists ${index}_ended on ${name} (ended_at);
create index if not exists ${index}_others on ${name} (resource, started_at) where kind <> 'hold';
create index if not exists ${index}_jobs on ${name} (job, started_at);
create index if not exists ${index}_job_others on ${name} (job, started_at) where kind <> 'hold';
create index if not exists ${index}_holds on ${name} (resource, started_at) where kind = 'hold';
comment on column ${name}.kind is 'hold, skip, wait or conflict; a fire is a hold or skip of !fire/...';
comment on column ${name}.ended_at is 'infinity: held when last heard of';
comment on column ${name}.outcome is 'of a hold; of a skip its reason; of a conflict its code; of a wait late-lock, if it was a write without the lock';
`;
}

/** Statements of the journal. */
export interface JournalTable {
  readonly setUp: string;
  /** `$1` rows, as JSON, `$2` host of those that have none, `$3` pid. */
  readonly write: string;
  /** The newest of what is asked for, and one more than `limit`. */
  read(query: JournalQuery, limit: number): Question;
  /** Names of jobs, `$1` at most. From one to the next in the index: there are millions of rows, and few jobs. */
  readonly jobs: string;
  /** `$1` everything that began before, but `sweptAtOnce` rows at most. Answers how many as `swept`. */
  readonly sweep: string;
}

export const sweptAtOnce = 5_000;

export function journalTable(table: string): JournalTable {
  const name = checkJournalTable(table);
  return {
    // "if not exists" alone is no protection: two sessions at once can both find nothing, and one fails.
    setUp: `select pg_advisory_xact_lock(hashtext('giveway create table')); ${createJournalTableSql(name)}`,
    // A statement that was given up may come late: what ended is not to go on again.
    write: `insert into ${name} (id, kind, resource, job, host, pid, started_at, ended_at, latest_end, outcome, waited_ms, details)
      select id, kind, resource, job, coalesce(host, $2::text), $3::integer, to_timestamp(started_ms / 1000), to_timestamp(ended_ms / 1000),
        to_timestamp(latest_end_ms / 1000), outcome, waited_ms, details
      from jsonb_to_recordset($1::jsonb) as row (id text, kind text, resource text, job text, host text, started_ms float8, ended_ms float8,
        latest_end_ms float8, outcome text, waited_ms float8, details jsonb)
      on conflict (id) do update set ended_at = excluded.ended_at, outcome = excluded.outcome, details = excluded.details
        where excluded.outcome <> 'ongoing'`,
    read: (query, limit) => questionOf(name, query, limit),
    jobs: `with recursive jobs as (
        (select job from ${name} where job is not null order by job limit 1) union all
        select (select next.job from ${name} as next where next.job > jobs.job order by next.job limit 1) from jobs where jobs.job is not null)
      select job from jobs where job is not null limit $1`,
    sweep: `with old as (select id from ${name} where started_at < $1 limit ${sweptAtOnce} for update skip locked),
        gone as (delete from ${name} where id in (select id from old) returning 1)
      select count(*)::integer as swept from gone`,
  };
}

/** `table` or `schema.table`, in names that need no quotes. Leaves room for the longest of its indexes, `_others`, `_started` and the like, within Postgres' 63 bytes. */
function checkJournalTable(table: unknown): string {
  if (typeof table === 'string' && /^([a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,54}$/.test(table)) return table;
  throw new InvalidOptionError(
    'table',
    table,
    'a name or schema.name of lower-case letters, digits and "_" is allowed, 55 characters at most',
  );
}
