import { expect, test } from '@jest/globals';
import { guardParser, mayBeCutShort, type ParseSql } from '../../../src/warehouse/sql/parser.ts';

const tree: ParseSql = () => ({ stmts: [{ stmt: { SelectStmt: {} } }] });

class SqlError extends Error {
  override readonly name = 'SqlError';
}

test('a text the parser refuses is undefined, and the next one is asked', () => {
  const parse = guardParser((sql) => {
    if (sql === 'bad') throw new SqlError('syntax error');
    return tree(sql);
  });
  expect([parse('bad'), parse('good')]).toEqual([undefined, [{ SelectStmt: {} }]]);
});

test('a parser that failed in any other way is never asked again', () => {
  const asked: string[] = [];
  const parse = guardParser((sql) => {
    asked.push(sql);
    if (sql === 'deep') throw new RangeError('Maximum call stack size exceeded');
    return tree(sql);
  });
  expect([parse('fine'), parse('deep'), parse('fine')]).toEqual([[{ SelectStmt: {} }], undefined, undefined]);
  expect(asked).toEqual(['fine', 'deep']);
});

test.each([
  ['operators', `select 1${' + 1'.repeat(2_000)}`],
  ['brackets', `select ${'( '.repeat(2_000)}1${' )'.repeat(2_000)}`],
  ['words', `select ${'not '.repeat(2_000)}true`],
  ['length', `select '${'x, '.repeat(30_000)}'`],
  ['nothing', ''],
])('is not asked when it might overflow: %s', (_what, sql) => {
  const parse = guardParser(() => {
    throw new Error('asked');
  });
  expect(parse(sql)).toBeUndefined();
});

test('is asked about long texts that are flat', () => {
  const rows = `insert into t values ${Array.from({ length: 3_000 }, (_, at) => `($${at + 1}, 'abc')`).join(', ')}`;
  expect(guardParser(tree)(rows)).toEqual([{ SelectStmt: {} }]);
});

test.each([
  ['a name', `select * from ${'x'.repeat(64)}`],
  ['a quoted name', `select * from "${'x y '.repeat(16)}"`],
  ['a name of many bytes', `select * from ${'ф'.repeat(32)}`],
])('is told of what PostgreSQL would cut and Redshift would not: %s', (_what, sql) => {
  expect(mayBeCutShort(sql)).toBe(true);
  expect(mayBeCutShort(sql.replace(/[xyф ]{30,}/, 'x'))).toBe(false);
});
