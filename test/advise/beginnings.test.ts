import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { giveway } from '../cli/in-process.ts';
import { csvLog, jsonLog, type Line, plainLog, transaction } from './log-lines.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-beginnings-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Found {
  readonly files: readonly { readonly entries: number; readonly strangeLines: number; readonly isCut: boolean }[];
  readonly remarks: readonly string[];
}

async function find(content: string | Buffer): Promise<Found> {
  const path = join(folder, 'server.log');
  writeFileSync(path, content);
  const { code, out, err } = await giveway(['advise', '--json', '--log', path], { cwd: folder });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

const plain = (lines: readonly Line[]): string => plainLog(lines, ({ pid }, time) => `${time} [${pid}] `);
const lines = transaction({ pid: 1, vxid: '3/1', application: 'loader' }, 0, ['begin', 'insert into events (n) values (1)', 'commit']);
const formats = [
  ['csvlog', csvLog],
  ['jsonlog', jsonLog],
  ['stderr', plain],
] as const;

describe.each(formats)('a %s', (_, write) => {
  test('that begins with a byte order mark has its first entry', async () => {
    const [bare] = (await find(write(lines))).files;
    expect(bare?.entries).toBe(lines.length);
    expect((await find(`\ufeff${write(lines)}`)).files).toEqual([bare]);
    expect((await find(gzipSync(`\ufeff${write(lines)}`))).files).toEqual([bare]);
  });
});

test.each([300, 20_000])('a stderr log that begins with %d lines of a cut statement is one', async (count) => {
  const [file] = (await find(`${'\tselect 1,\n'.repeat(count)}${plain(lines)}`)).files;
  expect(file).toMatchObject({ entries: lines.length, strangeLines: 1 });
});

test('a csvlog that begins with many lines of a cut statement is one', async () => {
  const [file] = (await find(`${'select 1,\n'.repeat(300)}${csvLog(lines)}`)).files;
  expect(file).toMatchObject({ entries: lines.length, strangeLines: 300 });
});

test('a zipped log of which nothing can be unzipped was cut, and is not empty', async () => {
  const found = await find(gzipSync(csvLog(lines)).subarray(0, 20));
  expect(found.files).toMatchObject([{ entries: 0, isCut: true }]);
  expect(found.remarks).toEqual([`${join(folder, 'server.log')} ends in the middle of what was zipped, before anything could be read.`]);
});

test('a log without a name is refused by the name of the flag', async () => {
  expect(await giveway(['advise', '--log', ''], { cwd: folder })).toEqual({
    code: 64,
    out: '',
    err: 'giveway: --log: received ""; the name of a file is allowed\n',
  });
});
