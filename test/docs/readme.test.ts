import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { type DemoNumbers, drawDemo } from '../../demo/picture.ts';
import { codeBlocks } from './code-blocks.ts';
import { projectFolder } from './project-folder.ts';

const root = join(__dirname, '../..');
const read = (name: string): string => readFileSync(join(root, name), 'utf8');
const readme = read('README.md');

test('the pages that the README points to are there', () => {
  const links = [...readme.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !target.startsWith('http'));
  expect(links.filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('the README leads to the page of each role that is played', () => {
  const namesIn = (folder: string, ending: string): readonly string[] =>
    readdirSync(join(root, folder)).flatMap((file) => (file.endsWith(ending) ? file.slice(0, -ending.length) : []));
  const linked = [...readme.matchAll(/\]\(docs\/roles\/([\w-]+)\.md\)/g)].map(([, role = '']) => role);
  expect(linked.toSorted()).toEqual(namesIn('test/roles', '.test.ts').toSorted());
  expect(linked.toSorted()).toEqual(namesIn('docs/roles', '.md').toSorted());
});

test('the README is a screen and a half, without long lines', () => {
  const lines = readme.split('\n');
  expect(lines.filter((line) => line.length > 160)).toEqual([]);
  expect(lines.length).toBeLessThan(100);
});

test('the commands of the README are scripts of the package', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const commands = codeBlocks('README.md').filter(({ language }) => language === 'sh');
  expect(commands.map(({ code }) => code.trim())).toEqual(['npm install giveway', 'npm ci && GIVEWAY_INSTALL=1 npm test']);
  const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name = '']) => name);
  expect(named).toContain('demo');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
});

test('its numbers and its picture are those of one run of the demo', () => {
  const numbers = JSON.parse(read('docs/images/demo.json')) as DemoNumbers;
  expect(read('docs/images/demo.svg')).toBe(drawDemo(numbers));
  const { conflicts, updatesPerSecond, readsP50Ms, batchesPerSecond, machine, date } = numbers;
  expect(readme).toContain(`| conflicts | ${conflicts[0]} | **${conflicts[1]}** |`);
  expect(readme).toContain(`| delay updates per second | ${updatesPerSecond[0]} | **${updatesPerSecond[1]}** |`);
  expect(readme).toContain(`| reads, median | ${readsP50Ms[0]} ms | **${readsP50Ms[1]} ms** |`);
  expect(readme).toContain(
    `| insert batches per second | **${batchesPerSecond[0]}** | ${batchesPerSecond[1]}: they now wait for the jobs |`,
  );
  expect(readme).toContain(`(${machine}, ${date};`);
});

test('its first program runs without a server: one works, the other says who does', async () => {
  const folder = projectFolder();
  try {
    const program = codeBlocks('README.md').find(({ file }) => file === 'first.mjs')?.code ?? '';
    // It works until it is told to go on, for as long as the other needs.
    const untilTold = "process.stdin.once('data', resolve)";
    const waiting = program.replace(/await sleep\(10_000.*/, `await new Promise((resolve) => ${untilTold}); process.stdin.pause();`);
    expect(waiting).toContain(untilTold);
    writeFileSync(join(folder, 'first.mts'), waiting);
    const start = () =>
      spawn(process.execPath, ['--import', 'tsx', 'first.mts'], {
        cwd: folder,
        env: { ...process.env, XDG_STATE_HOME: join(folder, 'state') },
      });
    const first = start();
    const said = text(first.stdout);
    await once(first.stdout, 'data');
    const second = start();
    expect(await text(second.stdout)).toMatch(/^skipped: visits is held by rollup on \S+ since \d{4}-\S+Z\n$/);
    first.stdin.end('go on\n');
    expect(await said).toBe('alone on visits, for 10 s\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
