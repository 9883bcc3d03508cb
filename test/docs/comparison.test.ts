import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const page = (name: string): string => readFileSync(join(__dirname, '../..', name), 'utf8');

const packages = [
  'giveway',
  'redis-semaphore',
  'redlock',
  '@sesamecare-oss/redlock',
  '@verrou/core',
  'advisory-lock',
  'memjs by hand',
  'DynamoDB Lock Client',
  'redlock-universal',
  'syncguard',
];

/** The chapters of docs/comparison.md that compare: the title, and for each package what is said in a word. */
const chapters = page('docs/comparison.md')
  .split(/^## /m)
  .slice(1)
  .map((chapter) => ({
    title: chapter.slice(0, chapter.indexOf('\n')),
    lines: [...chapter.matchAll(/^- \*\*(.+?)\*\*: _(.+?)_\./gm)].map(([, name = '', word = '']) => [name, word] as const),
  }))
  .filter(({ lines }) => lines.length > 0);

test('each chapter of docs/comparison.md has a line for every package', () => {
  expect(chapters.length).toBeGreaterThan(10);
  for (const { title, lines } of chapters) expect([title, ...lines.map(([name]) => name)]).toEqual([title, ...packages]);
});

/** The rows of a table whose first cells are links to chapters: title, anchor, and the cells under each name. */
function rowsOf(text: string, link: string): string[][] {
  const pattern = new RegExp(`^\\| \\[(.+?)\\]\\(${link.replaceAll('.', '\\.')}#(.+?)\\) \\| (.+) \\|$`, 'gm');
  return [...text.matchAll(pattern)].map(([, title = '', anchor = '', cells = '']) => [title, anchor, ...cells.split(' | ')]);
}

const rows = chapters.map(({ title, lines }) => [
  title,
  title.toLowerCase().replaceAll("'", '').replaceAll(' ', '-'),
  ...lines.map(([, word]) => word),
]);

test('the table of docs/comparison.md says what those chapters say, and links to each', () => {
  expect(rowsOf(page('docs/comparison.md'), '')).toEqual(rows);
});

test('the rows in the README are five of them, for some of the packages', () => {
  const named = ['giveway', 'redis-semaphore', 'redlock', 'advisory-lock', 'DynamoDB Lock Client'];
  const columns = [0, 1, ...named.map((name) => 2 + packages.indexOf(name))];
  const picked = rows.map((row) => columns.map((column) => row[column]));
  const shown = rowsOf(page('README.md'), 'docs/comparison.md');
  expect(shown).toHaveLength(5);
  expect(picked).toEqual(expect.arrayContaining(shown));
  const left = [chapters.length - shown.length, packages.length - named.length].map((count) => ({ 5: 'five', 13: 'Thirteen' })[count]);
  expect(page('README.md')).toContain(`${left[0]} more rows, ${left[1]} more locks`);
});

test('the versions of docs/comparison.md are those that the benchmarks install', () => {
  const { dependencies } = JSON.parse(page('bench/package.json')) as { dependencies: Record<string, string> };
  const text = page('docs/comparison.md');
  for (const name of [...packages.slice(1, 6), 'redlock-universal']) {
    const version = dependencies[name] ?? '';
    expect(text.replaceAll('\n', ' ')).toContain(`[${name}](`);
    expect(text.replaceAll('\n', ' ')).toMatch(new RegExp(`\\[${name}\\]\\([^)]+\\) ${version.replaceAll('.', '\\.')}`));
  }
});
