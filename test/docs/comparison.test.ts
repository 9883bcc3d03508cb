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

test('the table of the README says what those chapters say, and links to each', () => {
  const readme = page('README.md');
  const section = readme.slice(readme.indexOf('## Beside other locks'));
  const rows = [...section.matchAll(/^\| \[(.+?)\]\(docs\/comparison\.md#(.+?)\) \| (.+) \|$/gm)].map(([, title, anchor, cells = '']) => [
    title,
    anchor,
    ...cells.split(' | '),
  ]);
  const expected = chapters.map(({ title, lines }) => [
    title,
    title.toLowerCase().replaceAll("'", '').replaceAll(' ', '-'),
    ...lines.map(([, word]) => word),
  ]);
  expect(rows).toEqual(expected);
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
