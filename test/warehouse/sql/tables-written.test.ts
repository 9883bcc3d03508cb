import { beforeAll, describe, expect, test } from '@jest/globals';
import { normalizeName } from '../../../src/lock/plan/names.ts';
import { createSqlReader, loadSqlParser, type TablesWritten, tablesWritten } from '../../../src/warehouse/sql/index.ts';
import { hints, postgres, type Row, redshift } from './corpus.ts';

// Made before the parser is loaded and never asked afterwards by way of it: see "without the parser".
const answersByWords = new Map<string, TablesWritten | undefined>();

beforeAll(async () => {
  const reader = createSqlReader();
  for (const { sql } of [...postgres, ...redshift, ...hints]) answersByWords.set(sql, reader.tablesWritten(sql));
  expect(await loadSqlParser()).toBe(true);
});

describe.each([
  ['PostgreSQL', postgres],
  ['Redshift', redshift],
  ['hints', hints],
])('%s', (_name, rows) => {
  test.each(rows.map((row) => [row.sql, row] as const))('%s', (sql, row) => {
    expect(tablesWritten(sql)).toEqual(expected(row));
  });
});

test('every name is as the locker normalises it', () => {
  const answers = [...postgres, ...redshift, ...hints].flatMap(({ sql }) => tablesWritten(sql) ?? []);
  const names = answers.flatMap(({ writes, appends, reads }) => [...writes, ...appends, ...reads]);
  expect(names.map((name) => normalizeName(name))).toEqual(names);
});

describe('without the parser', () => {
  const understood = (rows: readonly Row[]): number =>
    rows.filter(({ sql, unclear }) => unclear === true || answersByWords.get(sql) !== undefined).length;

  test('an answer is the same, or that it cannot tell', () => {
    const others = [...postgres, ...redshift, ...hints].filter(({ sql }) => answersByWords.get(sql) !== undefined);
    expect(others.map(({ sql }) => ({ sql, answer: answersByWords.get(sql) }))).toEqual(
      others.map((row) => ({ sql: row.sql, answer: expected(row) })),
    );
  });

  test('nearly everything is understood', () => {
    expect(understood(redshift)).toBe(redshift.length);
    expect(understood(postgres) / postgres.length).toBeGreaterThan(0.9);
  });
});

function expected({ writes, appends, reads, temporary, unclear }: Row): TablesWritten | undefined {
  if (unclear) return undefined;
  const names = (list: string | undefined): string[] => list?.split(' ') ?? [];
  return { writes: names(writes), appends: names(appends), reads: names(reads), ...(temporary && { temporary: names(temporary) }) };
}
