import { describe, expect, test } from '@jest/globals';
import { createTextCache } from '../../../src/warehouse/sql/cache.ts';
import { createSqlReader, loadSqlParser, tablesWritten } from '../../../src/warehouse/sql/index.ts';

test('what was answered before the parser came is asked again', async () => {
  const lockRows = 'select * from events for update';
  const before = tablesWritten(lockRows);
  expect(await loadSqlParser()).toBe(true);
  expect([before, tablesWritten(lockRows)?.writes]).toEqual([undefined, ['events']]);
});

test('the default schema is dropped, so that one table has one name', () => {
  const reader = createSqlReader({ defaultSchema: 'public' });
  expect(reader.tablesWritten('insert into public.events select * from events')).toEqual({ writes: ['events'], appends: [], reads: [] });
  expect(reader.tablesWritten('drop schema public')?.writes).toEqual(['public.*']);
  expect(tablesWritten('insert into public.events select * from events')).toEqual({
    writes: [],
    appends: ['public.events'],
    reads: ['events'],
  });
});

test('functions the caller vouches for do not hide what a query reads', () => {
  const reader = createSqlReader({ readOnlyFunctions: ['analytics.day_of', 'week_of'] });
  expect(reader.tablesWritten('select analytics.day_of(id), week_of(id) from events')?.reads).toEqual(['events']);
  expect(reader.tablesWritten('select analytics.day_of(id), month_of(id) from events')).toBeUndefined();
});

test('the same text gives the same answer, which nobody can change', () => {
  const answer = tablesWritten('delete from events');
  expect(tablesWritten('delete from events')).toBe(answer);
  expect(() => ((answer?.writes ?? []) as string[]).push('other')).toThrow(TypeError);
});

describe('the cache', () => {
  const counting = (limit: number, maxLength: number): { get: (text: string) => string; computed: string[]; clear: () => void } => {
    const computed: string[] = [];
    const cache = createTextCache<string>(limit, maxLength);
    const get = (text: string): string =>
      cache.get(text, () => {
        computed.push(text);
        return text.toUpperCase();
      });
    return { get, computed, clear: cache.clear };
  };

  test('forgets what was not used for longest', () => {
    const { get, computed } = counting(2, 10);
    for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) expect(get(text)).toBe(text.toUpperCase());
    expect(computed).toEqual(['a', 'b', 'c', 'b']);
  });

  test('does not keep long texts', () => {
    const { get, computed } = counting(2, 3);
    for (const text of ['long', 'long', 'abc', 'abc']) get(text);
    expect(computed).toEqual(['long', 'long', 'abc']);
  });

  test('keeps nothing at all if told so, or after it was cleared', () => {
    const none = counting(0, 10);
    none.get('a');
    none.get('a');
    expect(none.computed).toEqual(['a', 'a']);
    const one = counting(1, 10);
    one.get('a');
    one.clear();
    one.get('a');
    expect(one.computed).toEqual(['a', 'a']);
  });
});
