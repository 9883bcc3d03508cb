/** Conflicts that a real PostgreSQL makes. */
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import { describeWith } from '../support/shared.ts';

describeWith('postgres', (service) => {
  let one: Client;
  let two: Client;

  beforeAll(async () => {
    [one, two] = await Promise.all([connect(service.url), connect(service.url)]);
    await one.query('create table a (id int primary key, x int); create table b (id int primary key, x int)');
    await one.query('insert into a values (1, 0); insert into b values (1, 0)');
  });
  afterAll(() => Promise.all([one?.end(), two?.end()]));
  beforeEach(async () => {
    await Promise.all([one.query('rollback'), two.query('rollback')]);
  });

  test('a dangerous structure of reads and writes is a serialization failure', async () => {
    for (const client of [one, two]) await client.query('begin isolation level serializable');
    await one.query('select sum(x) from a');
    await two.query('select sum(x) from b');
    await one.query('update b set x = x + 1');
    await two.query('update a set x = x + 1');
    await one.query('commit');
    expect(classifyConflict(await failureOf(two.query('commit')))).toMatchObject({
      kind: 'serialization',
      code: '40001',
      retry: true,
      newConnection: false,
    });
  });

  test('an update of a row updated meanwhile is a serialization failure', async () => {
    await one.query('begin isolation level repeatable read');
    await one.query('select * from a');
    await two.query('update a set x = x + 1');
    expect(classifyConflict(await failureOf(one.query('update a set x = x + 1')))).toMatchObject({ kind: 'serialization' });
  });

  test('two who wait for each other’s tables are a deadlock, told with table and process', async () => {
    const { rows } = await one.query<{ oid: string }>(`select oid::text from pg_class where oid in ('a'::regclass, 'b'::regclass)`);
    for (const client of [one, two]) await client.query('begin');
    await one.query('lock table a');
    await two.query('lock table b');
    const failures = await Promise.all([failureOf(one.query('lock table b')), failureOf(two.query('lock table a'))]);
    const [conflict, ...more] = failures.filter((failure) => failure !== undefined).map(classifyConflict);
    expect(more).toEqual([]);
    expect(conflict).toMatchObject({ kind: 'deadlock', code: '40P01', retry: true, newConnection: false });
    expect(rows.map(({ oid }) => oid)).toContain(conflict?.tableId);
    expect([one, two].map(processId)).toContain(conflict?.pid);
  });

  test('two who wait for each other’s rows are a deadlock, told with the transactions', async () => {
    for (const client of [one, two]) await client.query('begin');
    await one.query('update a set x = x + 1');
    await two.query('update b set x = x + 1');
    const both = Promise.all([failureOf(one.query('update b set x = x + 1')), failureOf(two.query('update a set x = x + 1'))]);
    const failure = (await both).find((found) => found !== undefined);
    expect(classifyConflict(failure)).toMatchObject({ kind: 'deadlock', transactions: [expect.any(String), expect.any(String)] });
  });

  test('two who change one table’s grants at a time conflict', async () => {
    await one.query('begin');
    await one.query('grant select on a to public');
    const failing = failureOf(two.query('revoke select on a from public'));
    await untilWaiting(one, two);
    await one.query('commit');
    expect(classifyConflict(await failing)).toMatchObject({ kind: 'ddl', retry: true });
  });

  test('a duplicate key is not a conflict', async () => {
    expect(classifyConflict(await failureOf(one.query('insert into a values (1, 0)')))).toBeUndefined();
  });
});

async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

// node-postgres keeps it, but its types do not say so.
const processId = (client: Client): number => (client as unknown as { processID: number }).processID;

/** Until the server says that `waiting` waits for a lock. */
async function untilWaiting(asking: Client, waiting: Client): Promise<void> {
  for (;;) {
    const { rows } = await asking.query<{ blocked: boolean }>('select cardinality(pg_blocking_pids($1)) > 0 as blocked', [
      processId(waiting),
    ]);
    if (rows[0]?.blocked) return;
  }
}
