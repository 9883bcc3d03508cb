import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createSqlReader, loadSqlParser } from '../../../src/warehouse/sql/index.ts';
import { hints, postgres, redshift } from './corpus.ts';
import { answerOf, statement } from './generated.ts';
import { hostile } from './hostile.ts';

const { tablesWritten } = createSqlReader({ cachedTexts: 0 });

const vocabulary = [
  ...new Set([...postgres, ...redshift, ...hints].flatMap(({ sql }) => sql.match(/\w+|\s|[^\w\s]/g) ?? [])),
  ...['"', "'", '$$', '$a$', '/*', '*/', '--', '\n', "E'", '\\', ';', '(', ')', '\ud800', 'É', '#', '/* giveway: ', 'writes=', '…'],
];
const pieces = fc.array(fc.constantFrom(...vocabulary), { maxLength: 40 }).map((words) => words.join(' '));
const damaged = fc
  .tuple(fc.constantFrom(...postgres, ...redshift, ...hints), fc.nat(300), fc.nat(20), fc.constantFrom(...vocabulary))
  .map(([{ sql }, at, length, word]) => sql.slice(0, at) + word + sql.slice(at + length));

describe('by words', () => suite(false));
describe('with the parser', () => {
  beforeAll(async () => {
    await loadSqlParser();
  });
  suite(true);
});

function suite(hasParser: boolean): void {
  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), isAnswer), { numRuns: 500 });
    fc.assert(fc.property(pieces, isAnswer), { numRuns: 400 });
    fc.assert(fc.property(damaged, isAnswer), { numRuns: 400 });
  });

  test('what is nested and joined in any way is found', () => {
    fc.assert(
      fc.property(statement, ({ sql, found }) => expect(tablesWritten(sql)).toEqual(answerOf(found))),
      { numRuns: 500 },
    );
  });

  test.each(hostile)('ends, and is sound afterwards: %s', (_name, sql) => {
    isAnswer(sql);
    expect(tablesWritten('select * from a for update')?.writes).toEqual(hasParser ? ['a'] : undefined);
  });
}

function isAnswer(sql: string): void {
  const answer = tablesWritten(sql);
  if (answer === undefined) return;
  const names = [...answer.writes, ...answer.appends, ...answer.reads];
  expect(new Set(names).size).toBe(names.length);
}
