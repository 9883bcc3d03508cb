import { expect, test } from '@jest/globals';
import { createCsvReader } from '../../src/advise/log/csv.ts';
import type { Entry, LogReader } from '../../src/advise/log/entry.ts';
import { feed } from '../../src/advise/log/feed.ts';
import { createJsonReader } from '../../src/advise/log/json.ts';
import { readPrefix } from '../../src/advise/log/prefix.ts';
import { createStderrReader } from '../../src/advise/log/stderr.ts';
import { csvLog, jsonLog, type Line, plainLog } from './log-lines.ts';

const prefix = '%m [%p] ';
const readPlain = (onEntry: (entry: Entry) => void): LogReader => {
  const known = readPrefix(prefix);
  if (known === undefined) throw new Error('it is a prefix');
  return createStderrReader(known, onEntry);
};
const plain = (lines: readonly Line[]): string => plainLog(lines, ({ pid }, time) => `${time} [${pid}] `);

async function* inPieces(text: string, length: number): AsyncIterable<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

const linesOf = (statement: string): readonly Line[] => [
  { pid: 1, at: 0, message: 'statement: begin' },
  { pid: 1, at: 1, message: `statement: ${statement}` },
  { pid: 1, at: 2, message: 'statement: commit' },
];

test.each([
  ['csvlog', csvLog, createCsvReader],
  ['jsonlog', jsonLog, createJsonReader],
  ['stderr', plain, readPlain],
] as const)('one long entry of a %s is looked at a few times, not once for each piece', async (_, write, create) => {
  const statement = 'select 1,\n'.repeat(100_000);
  const text = write(linesOf(statement));
  const messages: number[] = [];
  const reader = create(({ message }) => messages.push(message.length));
  let looked = 0;
  await feed(inPieces(text, 4_096), (given, isEnd) => {
    looked += given.length;
    return reader.read(given, isEnd);
  });
  expect(messages).toHaveLength(3);
  expect(messages[1]).toBeGreaterThan(statement.length);
  expect(looked / text.length).toBeLessThan(5);
});

test.each([1, 7, 100, 4_096])('whatever pieces of %d characters a log comes in, its entries are the same', async (length) => {
  const text = jsonLog(Array.from({ length: 40 }, (_, at) => ({ pid: 1, at, message: 'x'.repeat((at * 37) % 400) })));
  const found: string[] = [];
  const reader = createJsonReader(({ message }) => found.push(message));
  await feed(inPieces(text, length), reader.read);
  expect(found).toEqual(Array.from({ length: 40 }, (_, at) => 'x'.repeat((at * 37) % 400)));
  expect(reader.strangeLines).toBe(0);
});
