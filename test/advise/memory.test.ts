import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, jest, test } from '@jest/globals';
import { csvLog, type Line } from './log-lines.ts';

jest.setTimeout(180_000);
const folder = mkdtempSync(join(tmpdir(), 'giveway-memory-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** One transaction of what nobody would want: each in a session of its own that is never closed, with names that never come again. */
function linesOf(number: number): readonly Line[] {
  const session = { pid: number, vxid: `3/${number}`, application: `client ${number}`, at: number };
  const own = `tmp_${number}`;
  const lines: Line[] = [
    { ...session, message: 'statement: begin' },
    { ...session, message: `execute <unnamed>: insert into ${own} select ${'x, '.repeat(40)} y from events where id = ${number}` },
    { ...session, message: `statement: update visits set n = '${'value '.repeat(100)}' where id in (${Array(50).fill(number)})` },
  ];
  const end: Line =
    number % 50 === 0
      ? { ...session, state: '40001', message: 'could not serialize access', statement: 'commit' }
      : { ...session, message: number % 30 === 0 ? 'disconnection: session time' : 'statement: commit' };
  return [...lines, end];
}

function writeLog(name: string, transactions: number): string {
  const file = join(folder, name);
  for (let from = 0; from < transactions; from += 1_000) {
    appendFileSync(file, csvLog(Array.from({ length: 1_000 }, (_, index) => linesOf(from + index)).flat()));
  }
  return file;
}

// What Node and tsx need to start with, and half as much again.
const heapMb = 64;

test('a log of what never comes again is read in a small heap', async () => {
  const args = [`--max-old-space-size=${heapMb}`, '--import', 'tsx', join(__dirname, 'read.node.ts'), writeLog('long.csv', 20_000)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toMatchObject({ entries: 80_000, conflicts: 400 });
});

test('the SQL parser is compiled once: a second time, for speed, takes more memory than all else', async () => {
  const main = join(__dirname, '../../src/cli/main.ts');
  const args = ['--trace-wasm-compilation-times', '--import', 'tsx', main, 'advise', '--log', writeLog('short.csv', 1_000)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64 << 20 });
  expect(stdout).toContain('4000 entries');
  expect(largest(stdout, 'Liftoff')).toBeGreaterThan(50_000);
  // Node's own lexer of modules is WebAssembly as well, and small.
  expect(largest(stdout, 'TurboFan')).toBeLessThan(4_000);
});

/** Of the functions that were compiled so, in bytes. */
function largest(trace: string, compiler: string): number {
  return Math.max(0, ...[...trace.matchAll(new RegExp(`using ${compiler}, .* bodysize (\\d+)`, 'g'))].map(([, size]) => Number(size)));
}
