import { expect, test } from '@jest/globals';
import { piecesOf } from '../../../src/warehouse/sql/items.ts';
import { tokenize } from '../../../src/warehouse/sql/tokens.ts';

const read = (sql: string): string | undefined =>
  tokenize(sql)
    ?.map(({ kind, text }) => `${kind}:${text}`)
    .join(' ');

test.each([
  ['SELECT É_1$ ТАБЛИЦА', 'word:select word:É_1$ word:ТАБЛИЦА'],
  ['"Ev""ents"."x"', 'quoted:Ev"ents symbol:. quoted:x'],
  ["'it''s' E'it\\'s' e 'no\\'", "string:it's word:e string:it\\'s word:e string:no\\"],
  ["'it\\'s'", "string:it\\'s"],
  ["$$a$b$$ $q$ $$ ' $q$ $12", "string:a$b string: $$ '  parameter:$12"],
  ['-- one\n/* two /* three */ */ 4', 'comment: one comment: two /* three */  number:4'],
  ['1.5e3 .5 a.b #stage a#>b', 'number:1.5e3 number:.5 word:a symbol:. word:b word:#stage word:a symbol:# symbol:> word:b'],
  ['U&"d\\0061t\\+000061 ""x""" au&"b" u & "c"', 'quoted:data "x" word:au symbol:& quoted:b word:u symbol:& quoted:c'],
  ['U&"d!0061t" UESCAPE \'!\'', 'symbol:U&" word:uescape string:!'],
  ['', ''],
  ["'endless", undefined],
  ['"endless', undefined],
  ['/* endless', undefined],
  ['$$ endless', undefined],
  ['-- ends with the text', 'comment: ends with the text'],
])('%s', (sql, expected) => {
  expect(read(sql)).toBe(expected);
});

test('places lead back to the source', () => {
  const sql = ' select "A" /* b */ from $$c$$ where \'d\'';
  expect(tokenize(sql)?.map(({ start, end }) => sql.slice(start, end))).toEqual([
    'select',
    '"A"',
    '/* b */',
    'from',
    '$$c$$',
    'where',
    "'d'",
  ]);
});

test('statements are split at semicolons outside parentheses', () => {
  const sql = 'a; (b; c) d ; ; -- e;\n f';
  expect(piecesOf(tokenize(sql) ?? [])?.map(({ start, end }) => sql.slice(start, end))).toEqual(['a', '(b; c) d', 'f']);
});

test.each(['(', ')', '(a))', '('.repeat(300) + ')'.repeat(300)])('parentheses that do not match or nest too deep: %s', (sql) => {
  expect(piecesOf(tokenize(sql) ?? [])).toBeUndefined();
});
