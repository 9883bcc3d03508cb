import type { Pool } from 'pg';

/** The table as version 0.1.0 made it. */
export function formerTable(table: string): string {
  return `create table ${table} (
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
create index ${table}_started on ${table} (started_at);
create index ${table}_ended on ${table} (ended_at);
create index ${table}_others on ${table} (resource, started_at) where kind <> 'hold'`;
}

/**
 * What 0.1.0 wrote of two instances with `guarantee: 'both'`: a fire taken, the table held, work that joined that, the fire found taken,
 * a schedule's note, a fire by hand that ran under itself, and a skip.
 */
export function formerStory(table: string): string {
  const day = '2026-11-28T02:00';
  const holder = (job: string): string => `[{"mode":"write","job":"${job}","host":"h","pid":1,"since":"${day}:00.000Z","state":"holding"}]`;
  const lock = '{"mode":"write","isProtected":true}';
  const rows: readonly (readonly [number, string, string, string | null, string, string])[] = [
    [0, 'hold', `!fire/etl:${day}:00.000Z`, 'etl (fire)', 'released', lock],
    [1, 'skip', `!fire/etl:${day}:00.000Z`, 'etl', 'busy', `{"holders":${holder('etl (fire)')}}`],
    [2, 'hold', 'events', 'etl', 'released', lock],
    [3, 'hold', 'events', null, 'kept', lock],
    [
      4,
      'hold',
      '!fire/etl',
      'schedule 0123456789ab: "* * * * *" in UTC, writes events',
      'released',
      '{"mode":"append","isProtected":true}',
    ],
    [5, 'hold', '!fire/mail:1b671a64-40d5-491e-99b0-da01ff1f3341', 'mail', 'released', lock],
    [6, 'skip', 'events', 'rollup', 'busy', `{"holders":${holder('etl')}}`],
  ];
  return rows
    .map(([second, kind, resource, job, outcome, details]) => {
      const time = `'${day}:0${second}Z'`;
      const shown = job === null ? 'null' : `'${job}'`;
      return `insert into ${table} values ('former.${second}', '${kind}', '${resource}', ${shown}, 'h', 1, ${time}, ${time}, ${time}, '${outcome}', 0, '${details}')`;
    })
    .join(';\n');
}

/** What a reader of 0.1.0 finds. */
export async function formerEntries(
  pool: Pool,
  table: string,
): Promise<readonly { readonly kind: string; readonly details: { readonly holders?: unknown } }[]> {
  const { rows } = await pool.query(
    `select kind, resource, job, host, pid, started_at, nullif(ended_at, 'infinity') as ended_at,
        latest_end < clock_timestamp() as is_over, outcome, waited_ms, details
      from ${table} where ($1::timestamptz is null or (ended_at >= $1 and (ended_at < 'infinity' or latest_end >= $1)))
        and ($2::text is null or resource = $2) and ($3::text is null or kind = $3)
      order by started_at desc, id desc limit $4`,
    [new Date('2026-11-28T01:00:00Z'), null, null, 1_000],
  );
  return rows;
}
