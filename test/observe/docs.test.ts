import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { LockerEvents } from '../../src/index.ts';
import { createJournalTableSql, eventNames, metricsObserver } from '../../src/observe/index.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { problemsOf } from '../jobs/compile.ts';

const root = join(__dirname, '../..');
const page = (name: string): string => readFileSync(join(root, 'docs', name), 'utf8');

/** The first cells of a table's rows, without the backticks. The table is the first after `heading`. */
function firstCells(text: string, heading: string): string[] {
  const rows = text.slice(text.indexOf(heading)).split('\n');
  const start = rows.findIndex((row) => /^\|\s*-/.test(row));
  const end = rows.findIndex((row, index) => index > start && !row.startsWith('|'));
  return rows.slice(start + 1, end).map((row) => (row.split('|')[1] ?? '').trim().replaceAll('`', ''));
}

test('docs/operations.md explains every event, and only those that exist', () => {
  expect(firstCells(page('operations.md'), '## What each event means')).toEqual(eventNames);
});

test('docs/operations.md explains every reason of a loss', () => {
  const reasons: Record<LockerEvents['lost']['reason'], true> = {
    stolen: true,
    vanished: true,
    expired: true,
    unreachable: true,
    'max-hold': true,
    closed: true,
  };
  expect(firstCells(page('operations.md'), '## A lock was lost').sort()).toEqual(Object.keys(reasons).sort());
});

test('docs/observe.md lists the instruments, and the alerts name them as Prometheus sees them', () => {
  const made: string[] = [];
  const instrument = (name: string) => {
    made.push(name);
    return { addCallback: () => {}, record: () => {} };
  };
  const meter = { createObservableCounter: instrument, createObservableUpDownCounter: instrument, createHistogram: instrument };
  metricsObserver({ on: () => {}, off: () => {} }, { meter });
  expect(firstCells(page('observe.md'), '## Metrics').sort()).toEqual([...made].sort());
  const stems = made.map((name) => name.replaceAll('.', '_'));
  const used = [...page('operations.md').matchAll(/\bgiveway_\w+/g)].map(([name]) => name.replace(/_total$/, ''));
  expect(used.length).toBeGreaterThan(5);
  expect(used.filter((name) => !stems.includes(name))).toEqual([]);
});

test("docs/observe.md shows the journal's table", () => {
  expect(page('observe.md')).toContain(`\`\`\`sql\n${createJournalTableSql()}\`\`\``);
});

test('the code of docs/observe.md compiles', () => {
  const blocks = codeBlocks('docs/observe.md').filter(({ language }) => language === 'ts');
  const given = `import type { ResourceLocker } from 'giveway';
import type { Logger } from 'giveway/observe';
declare const locker: ResourceLocker;
declare const logger: Logger;
`;
  const files = Object.fromEntries(blocks.map(({ code }, index) => [`block-${index}.ts`, given + code]));
  expect(Object.keys(files).length).toBeGreaterThan(7);
  expect(problemsOf(files)).toEqual([]);
}, 60_000);
