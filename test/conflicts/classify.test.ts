import { expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import { cycleDetail, serverError } from './server-errors.ts';

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

test('causes in a circle end', () => {
  const [one, two] = [new Error('one'), new Error('two')];
  one.cause = two;
  two.cause = one;
  expect(classifyConflict(one)).toBeUndefined();
});

test('a field that throws when it is read says nothing, and hides nothing', () => {
  const throwing = (...fields: readonly string[]): PropertyDescriptorMap =>
    Object.fromEntries(fields.map((field) => [field, { get: () => JSON.parse('{') }]));
  const inner = serverError('40001', 'could not serialize access');
  const wrapper = Object.defineProperties(new Error('wrapped', { cause: inner }), throwing('code', 'errors', 'detail', 'errno', 'meta'));
  expect(classifyConflict(wrapper)).toMatchObject({ kind: 'serialization', message: inner.message });
  expect(classifyConflict(Object.defineProperties({}, throwing('name', 'message', 'cause')))).toBeUndefined();
});
