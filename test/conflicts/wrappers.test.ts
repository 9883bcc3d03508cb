/** What ORMs wrap round an error of the server. */
import { expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import { cycleDetail, serverError } from './server-errors.ts';

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
