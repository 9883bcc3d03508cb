/** Every statement that is sent to ShedLock's table. Each is one round trip and one transaction; all but `columns` are as ShedLock's own. */
export interface TableStatements {
  readonly name: string;
  /** What the table is like: a row for each column, none where there is no table. */
  readonly columns: string;
  /** `$1` name. */
  readonly read: string;
  /** `$1` name, `$2` locked_by, `$3` ttlMs. */
  readonly create: string;
  /** `$1` name, `$2` next locked_by, `$3` ttlMs, `$4` locked_by, `$5` until. */
  readonly replace: string;
  /** `$1` name, `$2` locked_by, `$3` until. */
  readonly remove: string;
  /** What a row says, whether or not it is over. `$1` name. */
  readonly fate: string;
  /** `$1` prefix, `$2` the last name seen. */
  readonly list: string;
}

export type StatementName = Exclude<keyof TableStatements, 'name'>;

/** Rows that `list` asks for at once. */
export const listPage = 500;

/**
 * Rows are never deleted: free is whoever's `lock_until` has passed. `timeZone` is the zone of the local times in the table. Time is
 * the server's, and stands still within a statement, so that an end is compared with the time it was computed from.
 *
 * One acquisition has one `locked_by`, but a row that is renewed must not fit a version from before: so `lock_until` is compared too,
 * in seconds since 1970, since its text depends on each connection's `DateStyle`.
 */
export function tableStatements(name: string, timeZone: string, timeoutMs: number): TableStatements {
  const now = `timezone('${timeZone}', current_timestamp)`;
  const end = `timezone('${timeZone}', current_timestamp + $3::float8 * interval '1 millisecond')`;
  const until = 'extract(epoch from lock_until)::text';
  const patience = `(select set_config('lock_timeout', '${Math.ceil(timeoutMs * rowShare)}ms', true)) as patience`;
  // An end may be 'infinity', from which no time can be subtracted.
  const inMs = (time: string): string => `(extract(epoch from ${time}) * 1000)::float8`;
  const shown = `locked_by, ${until} as until, extract(epoch from locked_at)::text as since,
    ${inMs('lock_until')} - ${inMs(now)} as "leftMs", ${inMs(now)} - ${inMs('locked_at')} as "ageMs"`;
  return {
    name,
    columns: `select attname as column, format_type(atttypid, null) as type, atttypmod - 4 as longest
      from pg_attribute where attrelid = to_regclass('${name}') and attnum > 0 and not attisdropped`,
    read: `select ${shown} from ${name} where name = $1::text and lock_until > ${now}`,
    // Without the "not exists" a busy name would cost a row lock and a flush of the log.
    create: `insert into ${name} as held (name, locked_by, lock_until, locked_at)
      select $1::text, $2::text, ${end}, ${now} from ${patience} where not exists (select from ${name} where name = $1::text and lock_until > ${now})
      on conflict (name) do update set locked_by = excluded.locked_by, lock_until = excluded.lock_until, locked_at = excluded.locked_at
      where held.lock_until <= ${now} returning ${until} as until`,
    replace: `update ${name} set lock_until = ${end}, locked_by = $2::text, locked_at = case when locked_by = $2::text then locked_at else ${now} end
      from ${patience} where name = $1::text and locked_by = $4::text and ${until} = $5::text and lock_until > ${now} returning ${until} as until`,
    // ShedLock's clock has milliseconds: where it is the JVM's, the rest of this one would still be to come.
    remove: `update ${name} set lock_until = date_trunc('milliseconds', ${now}) from ${patience}
      where name = $1::text and locked_by = $2::text and ${until} = $3 and lock_until > ${now} returning name`,
    fate: `select locked_by, ${until} as until, lock_until > ${now} as "isLive" from ${name} where name = $1`,
    list: `select name, ${shown} from ${name} where starts_with(name, $1::text) and name > $2::text and lock_until > ${now} order by name limit ${listPage}`,
  };
}

/** What share of the deadline a statement may wait for a row. The rest is for what comes before and after: a round trip, connecting. */
const rowShare = 3 / 4;
