import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import { redshiftDiagnosticQuery } from '../../src/warehouse/redshift-query.ts';
import { loadSqlParser, tablesWritten } from '../../src/warehouse/sql/index.ts';
import { describeWith } from '../support/shared.ts';

/** An error as node-postgres makes it. */
const serverError = (code: string, message: string, detail?: string): Error => Object.assign(new Error(message), { code, detail });

const cycleDetail =
  'Serializable isolation violation on table - 26416290, transactions forming the cycle are: 403386940, 403444165 (pid:21563)';

describe('by its code and words', () => {
  test.each<[string, Error, Partial<Conflict>]>([
    [
      'a serialization failure',
      serverError('40001', 'could not serialize access'),
      { kind: 'serialization', retry: true, newConnection: false, code: '40001' },
    ],
    ['a deadlock', serverError('40P01', 'deadlock detected'), { kind: 'deadlock', retry: true, newConnection: false }],
    [
      'a cycle on Redshift',
      serverError('XX000', '1023', cycleDetail),
      {
        kind: 'cycle',
        retry: true,
        newConnection: false,
        code: 'XX000',
        tableId: '26416290',
        transactions: ['403386940', '403444165'],
        pid: 21_563,
      },
    ],
    [
      'a cycle whose driver has one text for all',
      new Error(`ERROR: 1023 DETAIL: ${cycleDetail}`),
      { kind: 'cycle', code: 'XX000', tableId: '26416290', transactions: ['403386940', '403444165'] },
    ],
    [
      'a cycle of three without a pid',
      serverError('XX000', '1023', cycleDetail.replace(', 403444165 (pid:21563)', ', 2, 3')),
      { transactions: ['403386940', '2', '3'] },
    ],
    ['a cycle without a detail', serverError('XX000', '1023'), { kind: 'cycle', retry: true }],
    [
      'a table swapped after the snapshot',
      serverError('XX000', '1018', 'Relation does not exist.'),
      { kind: 'stale-snapshot', retry: false },
    ],
    [
      'a refreshed view',
      serverError('XX000', 'could not complete because of conflict with concurrent transaction'),
      { kind: 'ddl', retry: true, newConnection: true },
    ],
    [
      'a catalog entry changed by two',
      serverError('XX000', 'tuple concurrently updated'),
      { kind: 'ddl', retry: true, newConnection: false },
    ],
    [
      'a table that is gone',
      serverError('XX000', 'could not open relation with OID 16384'),
      { kind: 'stale-snapshot', retry: true, tableId: '16384' },
    ],
  ])('%s', (_what, error, expected) => {
    expect(classifyConflict(error)).toMatchObject({ ...expected, message: error.message });
  });

  test.each<[string, unknown]>([
    ['a row that is there', serverError('23505', 'duplicate key value violates unique constraint', 'Key (id)=(1023) already exists.')],
    ['an exclusion', serverError('23P01', 'conflicting key value violates exclusion constraint')],
    ['a table that is not', serverError('42P01', 'relation "events" does not exist')],
    ['another internal error', serverError('XX000', 'Assert', 'error: Assert code: 1000 context: 1023 rows')],
    ['a number that is not the code', serverError('XX000', '10234')],
    ['a number without a code', new Error('1023 rows were refused')],
    ['words of another code', serverError('22P02', '1023')],
    ['a cancelled query', serverError('57014', 'canceling statement due to user request')],
    ['a dropped connection', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['no error', undefined],
    ['null', null],
    ['a text', '40001'],
    ['numbers', { code: 40_001, message: 1_023, errors: 'none' }],
  ])('is none: %s', (_what, error) => {
    expect(classifyConflict(error)).toBeUndefined();
  });

  test('what it was caused by counts', () => {
    const inner = serverError('40001', 'could not serialize access');
    const wrapped = new Error('the job failed', { cause: new AggregateError([new Error('other'), new Error('a try', { cause: inner })]) });
    expect(classifyConflict(wrapped)).toMatchObject({ kind: 'serialization', message: inner.message });
  });

  // As they came from TypeORM 1.1, Sequelize 6.37, Drizzle 0.45 and Prisma's adapter for pg 7.10; Prisma's others as its documentation has them.
  const wrappers: readonly [string, (inner: Error & { code?: string; detail?: string }) => object][] = [
    ['TypeORM', (inner) => Object.assign(new Error(inner.message), { query: 'update a', driverError: inner })],
    ['Sequelize', (inner) => Object.assign(new Error(inner.message), { name: 'SequelizeDatabaseError', parent: inner, original: inner })],
    ['Drizzle', (inner) => Object.assign(new Error('Failed query: update a', { cause: inner }), { query: 'update a', params: [] })],
    ['MikroORM', (inner) => Object.assign(new Error(`update a - ${inner.message}`), { previous: inner })],
    [
      'Prisma, by its adapter',
      ({ code, message, detail }) =>
        Object.assign(new Error('x'), {
          name: 'DriverAdapterError',
          cause: { kind: 'postgres', code, severity: 'ERROR', message, detail, originalCode: code, originalMessage: message },
        }),
    ],
    [
      'Prisma, a raw query by its adapter',
      ({ code, message, detail }) =>
        Object.assign(new Error(`Raw query failed. Code: \`${code}\`. Message: \`${message}\``), {
          code: 'P2010',
          meta: {
            driverAdapterError: Object.assign(new Error('x'), {
              cause: { originalCode: code, originalMessage: message, detail, kind: 'postgres' },
            }),
          },
        }),
    ],
    [
      'Prisma, a raw query',
      ({ code, message, detail }) =>
        Object.assign(new Error('Raw query failed.'), { code: 'P2010', meta: { code, message: `ERROR: ${message}`, detail } }),
    ],
    [
      'Prisma, a raw query without more',
      ({ code, message, detail }) =>
        Object.assign(
          new Error(
            `\nInvalid \`prisma.$executeRaw()\` invocation:\n\n\nRaw query failed. Code: \`${code}\`. Message: \`ERROR: ${message}\``,
          ),
          {
            code: 'P2010',
            detail,
          },
        ),
    ],
  ];
  const inner: readonly [string, Error, Partial<Conflict> | undefined][] = [
    ['a serialization failure', serverError('40001', 'could not serialize access'), { kind: 'serialization', code: '40001' }],
    ['a deadlock', serverError('40P01', 'deadlock detected'), { kind: 'deadlock', code: '40P01' }],
    ['a cycle', serverError('XX000', '1023', cycleDetail), { kind: 'cycle', code: 'XX000', tableId: '26416290' }],
    ['an old snapshot', serverError('XX000', '1018', 'Relation does not exist.'), { kind: 'stale-snapshot', retry: false }],
    ['a row that is there', serverError('23505', 'duplicate key value'), undefined],
  ];
  test.each(wrappers.flatMap(([wrapper, wrap]) => inner.map((each) => [wrapper, each[0], wrap(each[1]), each[2]] as const)))(
    'as %s wraps it: %s',
    (_wrapper, _what, error, expected) => {
      for (const thrown of [error, new Error('the job failed', { cause: error })]) {
        const found = classifyConflict(thrown);
        if (expected === undefined) expect(found).toBeUndefined();
        else expect(found).toMatchObject(expected);
      }
    },
  );

  test("Prisma's own word for a conflict counts where there is no other", () => {
    const message = 'Transaction failed due to a write conflict or a deadlock. Please retry your transaction';
    const known = Object.assign(new Error(message), { code: 'P2034', meta: { modelName: 'Event' } });
    expect(classifyConflict(known)).toEqual({ kind: 'serialization', retry: true, newConnection: false, code: '40001', message });
    const adapted = Object.assign(new Error('x'), { name: 'DriverAdapterError', cause: { kind: 'TransactionWriteConflict' } });
    expect(classifyConflict(adapted)).toMatchObject({ kind: 'serialization', retry: true });
    const deadlock = Object.assign(new Error(message), {
      code: 'P2034',
      meta: { driverAdapterError: { cause: { originalCode: '40P01' } } },
    });
    expect(classifyConflict(deadlock)).toMatchObject({ kind: 'deadlock', code: '40P01' });
    for (const code of ['P2002', 'P2010', 'P2028'])
      expect(classifyConflict(Object.assign(new Error(code), { code, meta: {} }))).toBeUndefined();
  });

  test('causes in a circle end', () => {
    const [one, two] = [new Error('one'), new Error('two')];
    one.cause = two;
    two.cause = one;
    expect(classifyConflict(one)).toBeUndefined();
  });
});

describe('the query for Redshift', () => {
  beforeAll(async () => {
    await loadSqlParser();
  });

  test.each<[string, Conflict | undefined]>([
    ['all is known', classifyConflict(serverError('XX000', '1023', cycleDetail))],
    ['nothing is known', classifyConflict(serverError('XX000', '1023'))],
  ])('can be pasted when %s', (_what, conflict) => {
    const query = redshiftDiagnosticQuery(conflict ?? {});
    // Reads of the system's own tables alone.
    expect(tablesWritten(query)).toEqual({ writes: [], appends: [], reads: [] });
    for (const id of [conflict?.tableId, ...(conflict?.transactions ?? [])]) expect(query).toContain(id ?? 'stl_tr_conflict');
  });
});

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
