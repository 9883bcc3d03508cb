import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { giveway } from '../cli/in-process.ts';
import { jsonLog, transaction } from './log-lines.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'giveway-odd-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const log = jsonLog([
  ...transaction({ pid: 1, vxid: '3/1', application: 'loader' }, 0, ['insert into events (n) values (1)']),
  { pid: 1, at: 9, vxid: '3/1', state: '40001', message: 'could not serialize access due to concurrent update', statement: 'commit' },
]);
const at = { timestamp: '2026-11-28 18:15:57.123 UTC', pid: 2 };

test.each<readonly [string, unknown]>([
  ['an array', [1, 2]],
  ['null', null],
  ['a time that is a number', { ...at, timestamp: 5 }],
  ['a process that is a text', { ...at, pid: '2' }],
  ['a message that is a number', { ...at, message: 5 }],
  ['a name that is null', { ...at, application_name: null, message: 'statement: begin' }],
  ['a user that is an array', { ...at, user: [] }],
  ['a vxid that is a number', { ...at, vxid: 3 }],
  ['a state that is a number', { ...at, state_code: 40001 }],
  ['a detail that is an object', { ...at, state_code: '40001', message: 'x', detail: {} }],
  ['a statement that is an object', { ...at, state_code: '40001', message: 'x', statement: {} }],
])('a line of a jsonlog with %s is left out and counted', async (_, odd) => {
  const path = join(folder, 'server.json');
  writeFileSync(path, `${log}${JSON.stringify(odd)}\n`);
  const { code, out, err } = await giveway(['advise', '--json', '--log', path]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toMatchObject({
    conflicts: { all: 1 },
    remarks: expect.arrayContaining([expect.stringMatching(/^One line of /)]),
  });
});
