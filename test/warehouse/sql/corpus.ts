/** One statement and what it must be read as. Lists are names separated by spaces. */
export interface Row {
  readonly sql: string;
  readonly writes?: string;
  readonly appends?: string;
  readonly reads?: string;
  readonly temporary?: string;
  /** `undefined` is the right answer. */
  readonly unclear?: true;
  /** Tables the server locks besides: they stand behind a view or a key and are not in the text. */
  readonly behind?: string;
  /** Why the server's locks are not the answer, or why it is not asked. */
  readonly notOnServer?: string;
}

/** What the statements below find on the server. */
export const schema = `
  create table events (id int primary key, origin text, delay int, day date);
  create table airports (iata text primary key, delay int, city text);
  create table stage (id int, origin text, delay int, day date);
  create table rollup (origin text primary key, flights int, delay int);
  create table "Flights" (id int);
  create table "order" (id int);
  create schema analytics;
  create table analytics.visits (id int primary key, page text, event_id int);
  create table analytics."Pages" (page text);
  create table parts (id int, day date) partition by range (day);
  create table parts_2026 partition of parts for values from ('2026-01-01') to ('2027-01-01');
  create view delayed as select * from events where delay > 0;
  create materialized view daily as select day, count(*) as flights from events group by day;
  create index events_day on events (day);
  create sequence numbers;
  create type weather as enum ('sun', 'rain');
  create function day_of(int) returns date language sql as 'select null::date';
  create procedure refresh() language sql as 'delete from rollup';
`;

export const postgres: readonly Row[] = [
  // Reads.
  { sql: 'select 1' },
  { sql: 'values (1), (2)' },
  { sql: 'select * from events', reads: 'events' },
  { sql: 'table events', reads: 'events' },
  { sql: 'SELECT * FROM Events AS e, ONLY airports a WHERE e.origin = a.iata', reads: 'airports events' },
  { sql: 'select * from events e join airports a on e.origin = a.iata left join rollup r using (origin)', reads: 'airports events rollup' },
  { sql: 'select (select max(delay) from airports) from events where exists (select from rollup)', reads: 'airports events rollup' },
  {
    sql: 'select * from events where origin in (select iata from airports union select origin from rollup)',
    reads: 'airports events rollup',
  },
  { sql: 'select * from (events join airports on true) cross join rollup', reads: 'airports events rollup' },
  { sql: 'select * from events, lateral (select * from airports where iata = origin) x', reads: 'airports events' },
  { sql: 'select * from "Flights", "order", analytics."Pages"', reads: '"Flights" analytics."Pages" order' },
  { sql: 'select * from таблица, "é", "É"', reads: '"É" é таблица', notOnServer: 'there are none' },
  { sql: 'select * from public.events', reads: 'public.events' },
  { sql: 'select * from "events", "public"."airports"', reads: 'events public.airports' },
  { sql: 'select analytics.visits.id from analytics.visits', reads: 'analytics.visits' },
  { sql: 'with e as (select * from events) select * from e', reads: 'events' },
  { sql: 'with events as (select * from events) select * from events', reads: 'events' },
  { sql: 'with a as (select * from b), b as (select 1 as id from stage) select * from a', reads: 'b stage', notOnServer: 'b is no table' },
  { sql: 'with recursive n (id) as (select 1 union all select id + 1 from n where id < 5) select * from n' },
  { sql: 'with recursive a as (select 1 as id from b), b as (select 1 as id from stage) select * from a', reads: 'stage' },
  { sql: 'with e as (select 1 as id) select * from (with e as (select id from events) select * from e) x, e', reads: 'events' },
  { sql: 'select * from generate_series(1, 3) as events (id), rows from (unnest(array[1]), unnest(array[2])) as u (a, b)' },
  { sql: 'select extract(epoch from day), trim(both from origin), substring(origin from 2) from events', reads: 'events' },
  { sql: 'select * from events where origin is distinct from $1 and day = $2::date', reads: 'events' },
  {
    sql: 'select count(*) filter (where delay > 0), sum(delay) over (partition by origin) from events group by origin, delay',
    reads: 'events',
  },
  { sql: 'select * from events tablesample system (10)', reads: 'events' },
  { sql: 'select json_agg(e), string_agg(origin, $$,$$) from events e', reads: 'events' },
  { sql: 'select * from delayed', reads: 'delayed', behind: 'events' },
  { sql: 'select relname from pg_class, pg_catalog.pg_namespace, information_schema.tables' },
  { sql: 'copy events to stdout', reads: 'events', notOnServer: 'the driver would wait for the rows' },
  { sql: 'copy (select * from events) to stdout', reads: 'events', notOnServer: 'the driver would wait for the rows' },
  { sql: 'declare c cursor for select * from events', reads: 'events' },
  { sql: 'select 1; select * from events; ;', reads: 'events' },
  {
    sql: "select 'from airports', $q$ update rollup $q$, E'\\' from stage' from events -- from rollup\n /* from /* nested */ stage */",
    reads: 'events',
  },

  // Appends.
  { sql: "insert into events values (1, 'SEA', 3, now())", appends: 'events' },
  { sql: 'insert into events default values', appends: 'events', notOnServer: 'refused: id is the key' },
  { sql: 'INSERT INTO "events" (id) VALUES ($1), ($2) RETURNING id', appends: 'events', notOnServer: 'has parameters' },
  { sql: 'insert into events select * from stage', appends: 'events', reads: 'stage' },
  { sql: 'insert into events (select * from stage)', appends: 'events', reads: 'stage' },
  { sql: 'insert into events table stage', appends: 'events', reads: 'stage' },
  { sql: 'insert into events as e (id) select id from stage on conflict do nothing', appends: 'events', reads: 'stage' },
  { sql: 'with s as (select * from stage) insert into events select * from s', appends: 'events', reads: 'stage' },
  { sql: 'insert into events with s as (select * from stage) select * from s', appends: 'events', reads: 'stage' },
  {
    sql: 'insert into rollup select origin, count(*), avg(e.delay) from events e join airports on iata = origin group by origin',
    appends: 'rollup',
    reads: 'airports events',
  },
  { sql: 'insert into events (id) select day_of(1) - day from stage where false', appends: 'events', reads: 'stage' },
  {
    sql: 'insert into events (id) values ((select max(id) from analytics.visits))',
    appends: 'events',
    reads: 'analytics.visits',
    notOnServer: 'refused: id is the key',
  },
  { sql: 'copy events from stdin', appends: 'events', notOnServer: 'the server would wait for the rows' },
  { sql: "copy events (id, origin) from '/tmp/events.csv' with (format csv)", appends: 'events', notOnServer: 'there is no file' },
  { sql: 'insert into parts values (1, $q$2026-03-01$q$)', appends: 'parts', behind: 'parts_2026' },
  { sql: "insert into events values (7, 'a', 1, null); insert into stage values (7)", appends: 'events stage' },

  { sql: 'with stage as (select 1 as id) insert into stage (id) select id from stage', appends: 'stage' },

  // Inserted into and read: others must not insert meanwhile.
  { sql: 'insert into stage select * from stage', writes: 'stage' },
  { sql: 'insert into stage (id) select 1 where not exists (select from stage)', writes: 'stage' },
  { sql: 'insert into stage values (1); select * from stage', writes: 'stage' },

  // Writes.
  { sql: "insert into rollup values ('a', 1, 1) on conflict (origin) do update set flights = excluded.flights", writes: 'rollup' },
  {
    sql: 'insert into rollup select origin from stage on conflict (origin) do update set flights = (select count(*) from airports)',
    writes: 'rollup',
    reads: 'airports stage',
  },
  { sql: 'update events set delay = 0', writes: 'events' },
  { sql: 'update only events as e set delay = a.delay from airports a where a.iata = e.origin', writes: 'events', reads: 'airports' },
  {
    sql: 'update events set (delay, origin) = (select delay, iata from airports limit 1) where id in (select id from stage)',
    writes: 'events',
    reads: 'airports stage',
  },
  {
    sql: 'update airports set delay = b.delay from (select origin, avg(delay) as delay from events group by origin) b where iata = b.origin',
    writes: 'airports',
    reads: 'events',
  },
  { sql: 'update events e set delay = x.delay from events x where x.id = e.id', writes: 'events' },
  {
    sql: 'with e as (select * from stage) update events set delay = e.delay from e where e.id = events.id',
    writes: 'events',
    reads: 'stage',
  },
  { sql: 'delete from events', writes: 'events' },
  { sql: 'delete from events using stage s, airports where s.id = events.id', writes: 'events', reads: 'airports stage' },
  { sql: 'delete from events using (select id from stage) s, airports where s.id = events.id', writes: 'events', reads: 'airports stage' },
  { sql: 'delete from events where id = any (select id from stage) returning *', writes: 'events', reads: 'stage' },
  { sql: 'delete from delayed', writes: 'delayed', behind: 'events' },
  { sql: 'with gone as (delete from stage returning *) insert into events select * from gone', appends: 'events', writes: 'stage' },
  {
    sql: 'with i as (insert into events values (5) returning id), u as (update rollup set flights = 1) select * from i, airports',
    appends: 'events',
    writes: 'rollup',
    reads: 'airports',
  },
  {
    sql: 'with x as (with y as (delete from rollup returning 1) select * from y) select * from x',
    writes: 'rollup',
    notOnServer: 'refused below the top level',
  },
  {
    sql: 'merge into rollup r using stage s on r.origin = s.origin when matched then update set flights = 1 when not matched then insert values (s.origin, 1, 1)',
    writes: 'rollup',
    reads: 'stage',
  },
  {
    sql: 'merge into rollup using (select * from events join airports on iata = origin) s on s.origin = rollup.origin when matched then delete',
    writes: 'rollup',
    reads: 'airports events',
  },
  {
    sql: 'with s as (select * from stage) merge into rollup using s on s.origin = rollup.origin when matched then do nothing',
    writes: 'rollup',
    reads: 'stage',
  },
  { sql: 'truncate events', writes: 'events' },
  { sql: 'truncate table only events, analytics.visits restart identity cascade', writes: 'analytics.visits events' },
  { sql: 'truncate events, only rollup', writes: 'events rollup' },
  { sql: 'select * into copied from events', writes: 'copied', reads: 'events' },
  { sql: 'select 1 as one into unlogged table ones union select delay from events', writes: 'ones', reads: 'events' },
  { sql: 'create table copied as select * from events where id in (select id from stage)', writes: 'copied', reads: 'events stage' },
  {
    sql: 'create table if not exists analytics.copied (a, b) as table analytics."Pages" with no data',
    writes: 'analytics.copied',
    reads: 'analytics."Pages"',
    notOnServer: 'two columns',
  },
  { sql: 'create table plain (id int default 1, check (id > 0))', writes: 'plain' },
  { sql: 'create table child (like events including all)', writes: 'child', reads: 'events' },
  { sql: 'create table child () inherits (events)', writes: 'child events' },
  { sql: 'create table child (id int references events (id), v int references analytics.visits)', writes: 'analytics.visits child events' },
  { sql: "create table parts_2027 partition of parts for values from ('2027-01-01') to ('2028-01-01')", writes: 'parts parts_2027' },
  { sql: 'create view late as select id, city from events join airports on true', writes: 'late', reads: 'airports events' },
  { sql: 'create or replace recursive view n (id) as select id from events union all select id from n', writes: 'n', reads: 'events' },
  { sql: 'create materialized view late as select * from events', writes: 'late', reads: 'events' },
  { sql: 'refresh materialized view daily', writes: 'daily', behind: 'events' },
  { sql: 'create index on events (delay)', writes: 'events' },
  { sql: 'create index concurrently e on only analytics.visits (page)', writes: 'analytics.visits', notOnServer: 'not in a transaction' },
  { sql: 'create statistics s on origin, delay from events', writes: 'events' },
  {
    sql: 'create trigger t before insert on events for each row execute function suppress_redundant_updates_trigger()',
    writes: 'events',
    notOnServer: 'refused: a trigger for updates',
  },
  { sql: 'create rule r as on update to events do also delete from rollup', writes: 'events rollup' },
  {
    sql: 'create or replace rule r as on insert to stage where new.id > (select max(id) from airports, events) do also (insert into events values (new.id); update rollup set flights = 1)',
    writes: 'events rollup stage',
    reads: 'airports',
    notOnServer: 'a condition names no other table',
  },
  { sql: 'create rule r as on delete to stage do instead nothing; drop rule r on stage', writes: 'stage' },
  {
    sql: 'alter policy p on events using (id = any (select id from stage))',
    writes: 'events',
    reads: 'stage',
    notOnServer: 'there is none',
  },
  { sql: 'drop policy if exists p on events', writes: 'events', notOnServer: 'there is none' },
  { sql: 'drop trigger if exists t on analytics.visits cascade', writes: 'analytics.visits', notOnServer: 'there is none' },
  { sql: 'alter trigger t on events rename to u', writes: 'events', notOnServer: 'there is none' },
  {
    sql: 'create constraint trigger t after update of delay, day on events from airports deferrable for each row execute function f()',
    writes: 'events',
    reads: 'airports',
    notOnServer: 'there is no such function',
  },
  { sql: 'create statistics s (ndistinct) on (lower(origin)), (delay + 1) from events', writes: 'events' },
  {
    sql: 'create publication p for table events, only stage (id) where (id > 1), analytics.visits',
    writes: 'analytics.visits events stage',
  },
  { sql: 'create publication p for all tables' },
  {
    sql: "create publication p for table events, tables in schema analytics, table stage with (publish = 'insert')",
    writes: 'events stage',
  },
  {
    sql: 'create publication p for table events; alter publication p add table stage; alter publication p drop table events',
    writes: 'events stage',
  },
  { sql: "comment on table events is 'flights'", writes: 'events' },
  { sql: "comment on column analytics.visits.page is 'path'", writes: 'analytics.visits' },
  { sql: 'comment on materialized view daily is null', writes: 'daily' },
  { sql: "comment on schema analytics is 'all'" },
  { sql: 'analyze events', writes: 'events' },
  { sql: 'analyse verbose events (origin), stage', writes: 'events stage' },
  { sql: 'vacuum analyse events', writes: 'events', notOnServer: 'not in a transaction' },
  { sql: 'reindex (verbose) table concurrently events', writes: 'events', notOnServer: 'not in a transaction' },
  { sql: 'cluster verbose events', writes: 'events', notOnServer: 'no index to go by' },
  { sql: 'cluster events_day on events', writes: 'events' },
  { sql: 'alter table stage inherit events', writes: 'events stage', notOnServer: 'another column is not null' },
  { sql: 'alter table stage no inherit events', writes: 'stage', reads: 'events', notOnServer: 'it is no parent' },
  {
    sql: 'create schema research create table trials (id int) create view seen as select id, city from trials, airports',
    writes: 'research.seen research.trials',
    reads: 'airports',
  },
  {
    sql: 'create schema authorization postgres create table trials (id int)',
    writes: 'postgres.trials',
    notOnServer: 'another role may be who asks',
  },
  { sql: 'create table copied as execute somewhere', writes: 'copied', notOnServer: 'nothing is prepared' },
  { sql: 'create policy p on events using (id in (select id from stage))', writes: 'events', reads: 'stage' },
  { sql: 'alter table events add column gate text, alter delay set default 0', writes: 'events' },
  { sql: 'alter table if exists only events rename column delay to late', writes: 'events' },
  { sql: 'alter table events rename to old_events', writes: 'events old_events' },
  { sql: 'alter table analytics.visits rename to seen', writes: 'analytics.seen analytics.visits' },
  { sql: 'alter table stage set schema analytics', writes: 'analytics.stage stage' },
  { sql: 'alter table stage add foreign key (id) references events', writes: 'events stage' },
  { sql: 'alter table parts detach partition parts_2026', writes: 'parts parts_2026' },
  { sql: 'alter view delayed rename to late', writes: 'delayed late' },
  { sql: 'alter table events disable trigger all', writes: 'events' },
  { sql: 'drop table stage, analytics."Pages"', writes: 'analytics."Pages" stage' },
  { sql: 'drop view if exists delayed', writes: 'delayed' },
  { sql: 'drop materialized view daily', writes: 'daily', behind: 'events' },
  { sql: 'drop schema analytics cascade', writes: 'analytics.*', notOnServer: 'the server names the tables' },
  { sql: 'alter schema analytics rename to research', writes: 'analytics.* research.*', notOnServer: 'a schema has no lock' },
  { sql: 'lock table events, analytics.visits in exclusive mode', writes: 'analytics.visits events' },
  { sql: 'lock stage in share mode', writes: 'stage' },
  { sql: 'lock table events in access share mode', reads: 'events' },
  { sql: 'vacuum events', writes: 'events', notOnServer: 'not in a transaction' },
  { sql: 'vacuum (full, analyze) events, analytics.visits', writes: 'analytics.visits events', notOnServer: 'not in a transaction' },
  { sql: 'reindex table events', writes: 'events' },
  { sql: 'reindex schema analytics', writes: 'analytics.*', notOnServer: 'not in a transaction' },
  { sql: 'cluster events using events_day', writes: 'events' },
  {
    sql: 'begin; insert into events values (1); delete from rollup; commit',
    writes: 'rollup',
    appends: 'events',
    notOnServer: 'its own transaction',
  },

  // Row locks.
  { sql: 'select * from events for update', writes: 'events', notOnServer: 'a row lock needs the same table lock as FOR SHARE' },
  {
    sql: 'select * from events e, airports a for no key update of e skip locked',
    writes: 'events',
    reads: 'airports',
    notOnServer: 'as above',
  },
  {
    sql: 'select * from (select * from events) e join airports on true for update of e',
    writes: 'events',
    reads: 'airports',
    notOnServer: 'as above',
  },
  { sql: 'select * from events where id in (select id from stage) for update', writes: 'events', reads: 'stage', notOnServer: 'as above' },
  { sql: 'with e as (select * from events) select * from e, stage for update', writes: 'stage', reads: 'events', notOnServer: 'as above' },
  { sql: 'select * from events for share', reads: 'events' },
  { sql: 'select * from events for key share', reads: 'events' },

  // Run later, or never.
  { sql: 'explain delete from events', notOnServer: 'planning takes the lock, and lets the rows be' },
  { sql: 'explain (analyze off, costs off) delete from events', notOnServer: 'as above' },
  { sql: 'explain analyze delete from events', writes: 'events' },
  { sql: 'explain analyse verbose delete from events', writes: 'events' },
  { sql: 'explain (analyse, verbose) delete from events', writes: 'events' },
  { sql: 'explain (analyze, analyse off) delete from events', notOnServer: 'as above' },
  { sql: 'explain (verbose, analyze) insert into events select * from stage', appends: 'events', reads: 'stage' },
  { sql: 'explain (analyze true) update events set delay = 1', writes: 'events' },
  { sql: 'explain analyze create table copied as select * from events', writes: 'copied', reads: 'events' },
  { sql: 'prepare p as insert into events select * from stage', notOnServer: 'analysing takes the lock, and lets the rows be' },
  { sql: 'prepare p (int) as delete from events where id = $1; execute p (1)', writes: 'events' },
  { sql: 'prepare q as select * from events; create table copied as execute q', writes: 'copied', reads: 'events' },
  {
    sql: 'create function clean() returns void language sql begin atomic delete from events; end',
    notOnServer: 'analysing takes the lock',
  },
  {
    sql: 'create function clean() returns void language sql begin atomic delete from events; delete from stage; end; insert into copied select 1',
    appends: 'copied',
    notOnServer: 'as above',
  },

  // No table of anybody's.
  { sql: '' },
  { sql: ';;' },
  { sql: '-- nothing' },
  { sql: 'begin isolation level serializable', notOnServer: 'in a transaction already' },
  { sql: 'commit', notOnServer: 'ends the transaction' },
  { sql: 'savepoint s' },
  { sql: "set search_path = 'x'" },
  { sql: 'show all' },
  { sql: "notify channel, 'update events'" },
  { sql: "select nextval('numbers'), set_config('a.b', 'c', true), pg_notify('a', 'b')" },
  { sql: 'grant select on events to public' },
  { sql: 'create schema research' },
  { sql: 'create sequence more' },
  { sql: 'create type sky as (id int, events text)' },
  { sql: 'drop function day_of(int)' },

  { sql: 'copy binary events from stdin', appends: 'events', notOnServer: 'the server would wait for the rows' },
  { sql: String.raw`delete from U&"ev\0065nts"`, writes: 'events' },
  // Temporary tables are nobody else's.
  { sql: 'create temp table mine (id int)', temporary: 'mine' },
  { sql: 'create temporary table mine as select * from events', reads: 'events', temporary: 'mine' },
  { sql: 'select * into temp mine from events', reads: 'events', temporary: 'mine' },
  {
    sql: 'create temp table mine as select * from stage; update mine set id = 1; insert into events select * from mine',
    appends: 'events',
    reads: 'stage',
    temporary: 'mine',
  },
  { sql: 'create table pg_temp.mine (id int)' },
  // Before and after, and with its schema, the name is the table of all.
  {
    sql: 'delete from events; create temp table events (id int)',
    writes: 'events',
    temporary: 'events',
    notOnServer: 'there are two tables of the name',
  },
  {
    sql: 'create temp table mine (id int); insert into mine select 1; drop table if exists mine; delete from mine',
    writes: 'mine',
    temporary: 'mine',
    notOnServer: 'the table is gone',
  },
  {
    sql: 'create temp table mine (id int); alter table mine rename to other; delete from mine',
    writes: 'mine other',
    temporary: 'mine',
    notOnServer: 'the table is gone',
  },

  // Cannot tell.
  { sql: 'call refresh()', unclear: true },
  { sql: 'do $$ begin delete from events; end $$', unclear: true },
  { sql: 'execute somewhere', unclear: true },
  { sql: 'select refresh_all()', unclear: true },
  { sql: 'select analytics.day_of(id) from events', unclear: true },
  { sql: 'select * from load_events(1)', unclear: true },
  { sql: "select query_to_xml('delete from events', true, true, '')", unclear: true },
  { sql: 'insert into events values (1); select refresh_all()', unclear: true },
  { sql: 'vacuum', unclear: true },
  { sql: 'cluster', unclear: true },
  { sql: 'drop index events_day', unclear: true },
  { sql: 'alter index events_day rename to by_day', unclear: true },
  { sql: 'reindex index events_day', unclear: true },
  { sql: 'drop type weather cascade', unclear: true },
  { sql: 'drop owned by somebody', unclear: true },
  { sql: 'create schema authorization current_user create table t (id int)', unclear: true },
  { sql: 'analyze', unclear: true },
  { sql: 'alter table all in tablespace slow set tablespace fast', unclear: true },
  { sql: 'selekt * from events', unclear: true },
  { sql: "update events set origin = 'no end", unclear: true },
  { sql: 'update events set (a = 1', unclear: true },
  { sql: 'select 1\0; delete from events', unclear: true },
];

export const hints: readonly Row[] = [
  { sql: '/* giveway: writes=rollup */ call refresh()', writes: 'rollup' },
  { sql: 'call refresh() -- giveway: writes=rollup, Analytics.Visits reads=events', writes: 'analytics.visits rollup', reads: 'events' },
  { sql: '/* GIVEWAY: appends="Flights" reads=events,airports */ do $$ begin end $$', appends: '"Flights"', reads: 'airports events' },
  { sql: '/* giveway: none */ select refresh_all()' },
  { sql: '/* giveway: writes=analytics.* */ call backfill()', writes: 'analytics.*' },
  { sql: '/* giveway: reads=airports */ insert into events select * from enriched', appends: 'events', reads: 'airports enriched' },
  { sql: '/* giveway: appends=events */ delete from events', writes: 'events' },
  { sql: '/* giveway: none */ delete from events', writes: 'events' },
  { sql: 'insert into events values (1); call refresh() /* giveway: writes=rollup */', appends: 'events', writes: 'rollup' },
  { sql: '/* giveway: writes=a */ /* giveway: reads=b */ call f()', writes: 'a', reads: 'b' },
  { sql: "select '/* giveway: writes=rollup */' from events", reads: 'events' },
  { sql: '/* see giveway: writes=rollup */ select * from events', reads: 'events' },
  { sql: '/* giveway: write=events */ call f()', unclear: true },
  { sql: '/* giveway: writes= */ select * from events', unclear: true },
  { sql: '/* giveway: */ select * from events', unclear: true },
  { sql: '/* giveway: writes=a,,b */ select * from events', unclear: true },
  { sql: '/* giveway: events */ select * from events', unclear: true },
];

export const redshift: readonly Row[] = [
  { sql: "copy events from 's3://bucket/events/' iam_role 'arn:aws:iam::1:role/r' format as parquet", appends: 'events' },
  {
    sql: "COPY analytics.visits (id, page) FROM 's3://b/k' CREDENTIALS 'aws_access_key_id=x' DELIMITER '|' GZIP REGION 'eu-west-1' MAXERROR 10",
    appends: 'analytics.visits',
  },
  {
    sql: "copy events from 's3://b/manifest' iam_role default manifest json 'auto' timeformat 'auto' truncatecolumns compupdate off statupdate on",
    appends: 'events',
  },
  { sql: 'copy "Flights" from \'dynamodb://flights\' iam_role default readratio 50', appends: '"Flights"' },
  { sql: "copy events from 'emr://j-1/out/part-*' iam_role default", appends: 'events' },
  { sql: "copy #stage from 's3://b/k' iam_role default csv" },
  {
    sql: "unload ('select * from events join airports on true') to 's3://b/k' iam_role default parquet allowoverwrite",
    reads: 'airports events',
  },
  { sql: "unload ('select * from events where origin = ''SEA''') to 's3://b/k' iam_role default", reads: 'events' },
  { sql: "unload ('select * from events where origin = \\'SEA\\'') to 's3://b/k' iam_role default", reads: 'events' },
  {
    sql: "unload ($$ with e as (select * from events) select top 5 * from e $$) to 's3://b/k' iam_role default partition by (day) include",
    reads: 'events',
  },
  { sql: "unload ('delete from events; select 1') to 's3://b/k' iam_role default", unclear: true },
  { sql: 'alter table events append from stage', writes: 'events stage' },
  { sql: 'alter table analytics.visits append from analytics.stage ignoreextra fillblank', writes: 'analytics.stage analytics.visits' },
  { sql: 'alter table events alter distkey origin', writes: 'events' },
  { sql: 'alter table events alter diststyle even, alter compound sortkey (day, origin)', writes: 'events' },
  { sql: 'alter table events alter encode auto', writes: 'events' },
  { sql: 'alter table events rename to old_events; alter table stage rename to events', writes: 'events old_events stage' },
  { sql: "alter table spectrum.raw add if not exists partition (day = '2026-01-01') location 's3://b/k/'", writes: 'spectrum.raw' },
  { sql: "alter table spectrum.raw set location 's3://b/k/'", writes: 'spectrum.raw' },
  { sql: 'create table events (id int encode az64 distkey, day date sortkey)', writes: 'events' },
  {
    sql: 'create table if not exists events (id int not null, origin varchar(3) encode zstd) diststyle key distkey (id) compound sortkey (day, origin)',
    writes: 'events',
  },
  {
    sql: 'create table events (id bigint identity(0, 1), airport int references airports (id)) backup no diststyle all',
    writes: 'airports events',
  },
  { sql: 'create table child (like events including defaults) distkey (id)', writes: 'child', reads: 'events' },
  {
    sql: 'create table copied distkey (origin) sortkey (day) as select e.*, a.city from events e, airports a where e.origin = a.iata',
    writes: 'copied',
    reads: 'airports events',
  },
  {
    sql: 'create table copied diststyle even as (select * from events minus select * from stage)',
    writes: 'copied',
    reads: 'events stage',
  },
  { sql: 'create table copied backup no as with e as (select * from events) select * from e', writes: 'copied', reads: 'events' },
  { sql: 'create temp table mine distkey (id) as select * from events', reads: 'events', temporary: 'mine' },
  {
    sql: 'create table #mine (id int) diststyle all; insert into #mine select id from events; delete from stage using #mine where #mine.id = stage.id',
    writes: 'stage',
    reads: 'events',
  },
  {
    sql: "create external table spectrum.raw (id int, day date) partitioned by (y int) row format delimited fields terminated by ',' stored as textfile location 's3://b/k/'",
    writes: 'spectrum.raw',
  },
  {
    sql: "create external table spectrum.out stored as parquet location 's3://b/o/' as select * from events",
    writes: 'spectrum.out',
    reads: 'events',
  },
  { sql: "create external schema spectrum from data catalog database 'd' iam_role default" },
  { sql: 'drop table if exists spectrum.raw', writes: 'spectrum.raw' },
  {
    sql: 'create materialized view daily backup no auto refresh yes as select day, count(*) from events group by day',
    writes: 'daily',
    reads: 'events',
  },
  { sql: 'create or replace view late as select * from spectrum.raw with no schema binding', writes: 'late', reads: 'spectrum.raw' },
  { sql: 'refresh materialized view daily restrict', writes: 'daily' },
  { sql: 'vacuum full events to 99 percent', writes: 'events' },
  { sql: 'vacuum sort only events to 75 percent boost', writes: 'events' },
  { sql: 'vacuum delete only analytics.visits', writes: 'analytics.visits' },
  { sql: 'vacuum reindex events', writes: 'events' },
  { sql: 'vacuum recluster events', writes: 'events' },
  { sql: 'vacuum events boost', writes: 'events' },
  { sql: 'vacuum events to 100 percent', writes: 'events' },
  { sql: 'vacuum sort only', unclear: true },
  { sql: 'analyze events (origin, day)', writes: 'events' },
  { sql: 'analyze events predicate columns', writes: 'events' },
  { sql: 'analyze compression events comprows 1000', writes: 'events' },
  { sql: 'merge into events using stage on events.id = stage.id remove duplicates', writes: 'events', reads: 'stage' },
  {
    sql: 'merge into events using stage as s on events.id = s.id when matched then update set delay = s.delay when not matched then insert (id) values (s.id)',
    writes: 'events',
    reads: 'stage',
  },
  { sql: 'lock events', writes: 'events' },
  { sql: 'lock table analytics.visits, events', writes: 'analytics.visits events' },
  { sql: 'truncate table events', writes: 'events' },
  { sql: 'delete events where id = 1', writes: 'events' },
  { sql: 'delete from events using stage where events.id = stage.id', writes: 'events', reads: 'stage' },
  { sql: 'insert into events select top 10 * from stage', appends: 'events', reads: 'stage' },
  { sql: 'insert into events (select * from stage minus select * from late)', appends: 'events', reads: 'late stage' },
  {
    sql: 'insert into events select * from stage qualify row_number() over (partition by id order by day desc) = 1',
    appends: 'events',
    reads: 'stage',
  },
  { sql: 'insert into events select * exclude (gate) from stage', appends: 'events', reads: 'stage' },
  {
    sql: 'insert into rollup select * from (select origin, delay from events) pivot (avg(delay) for origin in ($$SEA$$))',
    appends: 'rollup',
    reads: 'events',
  },
  {
    sql: 'insert into rollup select origin, approximate count(distinct id) from events, airports where origin = iata',
    appends: 'rollup',
    reads: 'airports events',
  },
  { sql: 'select top 10 * from events', reads: 'events' },
  { sql: 'select * from warehouse.analytics.visits', reads: 'warehouse.analytics.visits' },
  { sql: 'select top 1 refresh_all() from events', unclear: true },
  {
    sql: 'select top 1 listagg(origin) within group (order by id), nvl(max(delay), 0), dateadd(day, 1, getdate())::varchar(20) from events e',
    reads: 'events',
  },
  { sql: 'select * from stl_tr_conflict, svv_table_info, pg_locks' },
  { sql: 'select * into #mine from events', reads: 'events' },
  { sql: 'insert into events values (1); analyze compression stage; grant select on events to role r', appends: 'events', writes: 'stage' },
  { sql: "insert into events values (1, 'it\\'s')", appends: 'events' },
  { sql: 'create procedure p() as $$ begin delete from events; end $$ language plpgsql' },
  { sql: 'create function f(a int) returns int stable as $$ return a $$ language plpythonu' },
  { sql: 'create datashare d' },
  { sql: 'create masking policy m with (a varchar) using ($$x$$::varchar)' },
  { sql: 'call refresh()', unclear: true },
  { sql: 'drop schema research', writes: 'research.*' },
  { sql: 'drop table events, analytics.visits cascade', writes: 'analytics.visits events' },
  { sql: 'alter user u createdb' },
  { sql: 'set query_group to $$q$$' },
  { sql: 'use warehouse' },
  { sql: 'cancel 123' },
];
