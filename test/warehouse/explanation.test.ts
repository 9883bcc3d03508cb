import { describe, expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import type { Holder } from '../../src/lock/holder.ts';
import { explainConflict } from '../../src/warehouse/explanation.ts';

const conflictOf = (code: string, message = 'aborted'): Conflict =>
  classifyConflict(Object.assign(new Error(message), { code })) as Conflict;
const cycle = conflictOf('XX000', '1023');

const none = { writes: [], appends: [], reads: [] };
const holder = (resource: string, mode: Holder['mode'], state: Holder['state'] = 'holding'): Holder => ({
  resource,
  mode,
  state,
  token: 't',
  job: 'refresh-airports',
  host: 'web-1',
  pid: 7,
  since: new Date(0),
});

describe('when this transaction used what it did not hold', () => {
  test('the table is named, with the list it belongs in', () => {
    const { missing, sentences } = explainConflict(cycle, {
      scope: { ...none, writes: ['airports'] },
      written: { ...none, writes: ['airports'], reads: ['events'] },
      others: [],
    });
    expect(missing).toEqual([{ resource: 'events', mode: 'read', from: 'this transaction' }]);
    expect(sentences.join(' ')).toContain('"events", which is not in its scope: add it to `reads`');
  });

  test('a weaker mode is not enough', () => {
    const { missing, sentences } = explainConflict(cycle, {
      scope: { ...none, appends: ['events'] },
      written: { ...none, writes: ['events'] },
      others: [],
    });
    expect(missing).toEqual([{ resource: 'events', mode: 'write', from: 'this transaction' }]);
    expect(sentences.join(' ')).toContain('only in `appends` of its scope');
  });

  test('a schema held covers its tables', () => {
    const { missing } = explainConflict(cycle, {
      scope: { ...none, writes: ['analytics.*'] },
      written: { ...none, writes: ['analytics.visits'], appends: ['events'] },
      others: [],
    });
    expect(missing).toEqual([{ resource: 'events', mode: 'append', from: 'this transaction' }]);
  });

  test.each([
    [undefined, 'public.*', []],
    ['analytics', 'public.*', ['events']],
    ['analytics', 'analytics.*', []],
  ])('names without a schema are of the default one: %s, held %s', (defaultSchema, held, lacking) => {
    const { missing } = explainConflict(cycle, {
      scope: { ...none, writes: [held] },
      written: { ...none, writes: ['events'] },
      others: [],
      ...(defaultSchema === undefined ? {} : { defaultSchema }),
    });
    expect(missing.filter(({ from }) => from === 'this transaction').map(({ resource }) => resource)).toEqual(lacking);
  });
});

describe('when it held all it used', () => {
  const held = {
    scope: { ...none, writes: ['airports'], reads: ['events'] },
    written: { ...none, writes: ['airports'], reads: ['events'] },
  };

  test('another one used one of its tables without a lock', () => {
    const { missing, sentences } = explainConflict(conflictOf('40001'), {
      ...held,
      others: [holder('rollup', 'write'), holder('events', 'read'), holder('airports', 'write', 'waiting')],
    });
    expect(missing).toEqual([
      { resource: 'airports', from: 'others' },
      { resource: 'events', from: 'others' },
    ]);
    expect(sentences.join(' ')).toContain('another transaction used "airports" or "events" without a lock');
  });

  test.each([
    ['events', 'append'],
    ['airports', 'write'],
  ] as const)('or two locks overlapped, and nothing was missing: %s, %s', (resource, mode) => {
    const { missing, sentences } = explainConflict(conflictOf('40P01'), { ...held, others: [holder(resource, mode)] });
    expect(missing).toEqual([]);
    expect(sentences.join(' ')).toContain(`refresh-airports held "${resource}" (${mode}): two locks overlapped`);
  });
});

test.each([
  ['nobody can tell what it touched', conflictOf('40001'), 'giveway: writes='],
  ['a table was swapped', conflictOf('XX000', '1018'), 'should hold it in `writes`'],
  ['something was refreshed', conflictOf('XX000', 'conflict with concurrent transaction'), 'should hold it in `writes`'],
])('when %s, it says so and guesses nothing', (_what, conflict, words) => {
  const { missing, sentences } = explainConflict(conflict, { scope: none, written: undefined, others: [] });
  expect(missing).toEqual([]);
  expect(sentences[0]).toContain(conflict.code);
  expect(sentences.join(' ')).toContain(words);
});
