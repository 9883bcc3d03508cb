import fc from 'fast-check';
import type { TablesWritten } from '../../../src/warehouse/sql/index.ts';

/** SQL made together with what it touches. Every piece is closed: it uses no common table expression but its own. */
export interface Made {
  readonly sql: string;
  readonly found: readonly (readonly [name: string, mode: 'write' | 'append' | 'read'])[];
}

const table = fc.constantFrom('a', 'b', 's.a', 's.d', '"E"', 'public."f g"', 'h');

const words = (...texts: string[]): fc.Arbitrary<Made> => fc.constantFrom(...texts).map((sql) => ({ sql, found: [] }));

/** Puts made pieces into a template; `$1` is the first. */
const around = (pieces: readonly fc.Arbitrary<Made>[], ...templates: string[]): fc.Arbitrary<Made> =>
  fc.tuple(fc.constantFrom(...templates), ...pieces).map(([template, ...made]) => ({
    sql: template.replace(/\$(\d)/g, (_, index) => made[Number(index) - 1]?.sql ?? ''),
    found: made.flatMap(({ found }, index) => (template.includes(`$${index + 1}`) ? found : [])),
  }));

const read = table.map((name): Made => ({ sql: name, found: [[name, 'read']] }));

const { query } = fc.letrec<{ query: Made; source: Made; condition: Made }>((tie) => ({
  source: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    around([read], '$1', '$1 x1', '$1 as x2', 'only $1'),
    words('generate_series(1, 2) x3 (y)', '(values (1, 2)) as x4', "json_each('{}')"),
    around([tie('query')], '($1) x5', 'lateral ($1) as x5 (y, z)'),
    around([tie('source'), tie('source')], '($1 join $2 on true)', '$1 cross join $2', '$1 left join $2 using (y, z)'),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    words('extract(day from y) = 1', 'y is distinct from z', "z = 'from never'", 'y in (1, 2)', 'substring(z from 1 for 2) = z'),
    around([tie('query')], 'y in ($1)', 'not exists ($1)', 'y = any (array($1))', 'coalesce(($1), 1) = 2'),
    around([tie('condition'), tie('condition')], '($1 or $2)', '$1 and not ($2)'),
  ),
  query: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    around(
      [tie('source'), tie('source'), tie('condition')],
      'select count(*), y::varchar(3) from $1 where $3',
      'select y, sum(z) over (partition by y order by z) from $1, $2 where $3 order by y limit 1',
      'select (y) from $1, $2 group by y, z having $3',
    ),
    around([tie('query'), tie('query')], '($1) union all ($2)', '$1 except ($2)', 'select case when ($1) = 1 then ($2) end'),
    around(
      [tie('query'), tie('query')],
      'with c1 as ($1) select * from c1 join ($2) x6 on true',
      'with c1 (y) as not materialized ($1), c2 as (table c1) select ($2) from c2',
    ),
    around([read], 'table $1'),
  ),
}));

const written = table.map((name): Made => ({ sql: name, found: [[name, 'write']] }));
const appended = table.map((name): Made => ({ sql: name, found: [[name, 'append']] }));

const change = fc.oneof(
  around(
    [appended, query],
    'insert into $1 (y) $2',
    'insert into $1 as x8 ($2) on conflict do nothing',
    'insert into $1 with c1 as ($2) table c1',
  ),
  around(
    [written, query],
    'insert into $1 $2 on conflict (y) do update set y = 1',
    'update $1 x8 set y = ($2), z = lower(z)',
    'delete from only $1 where y in ($2)',
  ),
  around([written, query, read], 'update $1 set (y, z) = ($2) from $3 where true', 'delete from $1 x8 using ($2) x7, $3 where true'),
);

const definition = fc.oneof(
  around(
    [written, query],
    'merge into $1 x8 using ($2) x7 on true when matched then update set y = 1, z = 2 when not matched then insert (y) values (1)',
    'create table $1 as $2',
    'create materialized view $1 as $2',
    'truncate $1; $2',
  ),
  around([appended], 'copy $1 (y) from stdin', "copy $1 from '/never'"),
);

const single = fc.oneof(
  query,
  change,
  definition,
  around([change, query], 'with c1 as ($1 returning y), c2 as ($2) select * from c1, c2'),
  around([change, change, query], 'with c1 as ($1 returning 1), c2 as ($3) $2'),
);

/** One or two statements. */
export const statement: fc.Arbitrary<Made> = fc.oneof(single, around([single, single], '$1;\n-- delete from never\n$2;'));

export function answerOf(found: Made['found']): TablesWritten {
  const modes = new Map<string, Set<string>>();
  for (const [name, mode] of found) modes.set(name, (modes.get(name) ?? new Set()).add(mode));
  const namesIn = (wanted: string): string[] => [...modes.keys()].filter((name) => only(modes.get(name)) === wanted).sort();
  return { writes: namesIn('write'), appends: namesIn('append'), reads: namesIn('read') };
}

const only = (modes: ReadonlySet<string> | undefined): string | undefined => (modes?.size === 1 ? [...modes][0] : 'write');
