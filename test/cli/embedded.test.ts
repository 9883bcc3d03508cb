/** The pages of the command line and the dashboard over the stores that need no server of their own kind: a file, a table of MySQL. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { ResourceLocker } from 'giveway';
import { loadLocker } from '../../src/config/index.ts';
import { createDashboard } from '../../src/dashboard/index.ts';
import type { View } from '../../src/dashboard/view.ts';
import { temporaryDirectory } from '../support/server-process.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { giveway } from './in-process.ts';

async function pagesOf(store: string): Promise<void> {
  const table = uniqueName();
  const locker: ResourceLocker = await loadLocker({ env: {}, overrides: { store, job: 'rollup' } });
  await locker.lock(table);

  const doctor = await giveway(['doctor', '--json', '--store', store]);
  expect(doctor).toMatchObject({ code: 0, err: '' });
  expect((JSON.parse(doctor.out) as { level: string }[]).map(({ level }) => level)).not.toContain('fail');

  const status = await giveway(['status', '--json', '--store', store]);
  expect(JSON.stringify(JSON.parse(status.out))).toContain(table);
  expect((await giveway(['why', table, '--store', store])).out).toContain('rollup');

  const dashboard = createDashboard({ locker, resources: [table] });
  const reader = (await dashboard(new Request('http://localhost/api/events'))).body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  await reader?.cancel();
  const { tables } = JSON.parse(new TextDecoder().decode(value).replace(/^data: /, '')) as View;
  expect(tables).toMatchObject([{ resource: table, state: 'held', holders: [{ job: 'rollup' }] }]);
  await locker.close();
}

describe('sqlite', () => {
  test('doctor, status, why and the dashboard tell of a lock in a file', async () => {
    const folder = temporaryDirectory('sqlite');
    await pagesOf(`sqlite:${join(folder, 'locks.db')}`);
    rmSync(folder, { recursive: true, force: true });
  });

  test('where nothing names a store the command still refuses, and says what needs no server', async () => {
    const folder = temporaryDirectory('nothing');
    expect(await giveway(['status', 'events'], { cwd: folder })).toMatchObject({
      code: 64,
      err: expect.stringContaining('set GIVEWAY_STORE (sqlite: needs no server)'),
    });
    rmSync(folder, { recursive: true, force: true });
  });
});

describeWith('mysql', (service) => {
  test('doctor, status, why and the dashboard tell of a lock in a table', async () => {
    await pagesOf(`${service.url}?createTable=true&table=${uniqueName()}&timeoutMs=5000`);
  });
});
