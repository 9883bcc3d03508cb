import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { memcachedServer, type ProcessServer, query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { codeBlocks } from './code-blocks.ts';
import { projectFolder } from './project-folder.ts';

const run = promisify(execFile);

describeWith('postgres', (service) => {
  const blocks = codeBlocks('docs/start.md').filter(({ language }) => language === 'ts');
  const config = blocks.find(({ file }) => file === 'giveway.config.ts');
  let memcached: ProcessServer;
  let folder: string;

  beforeAll(async () => {
    memcached = await memcachedServer();
    folder = projectFolder();
    await query(service.url, 'create table events (id int, account text)');
    await query(service.url, 'create table visits (account text, visits bigint)');
  });
  afterAll(async () => {
    await memcached.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const onThisServer = (code: string): string => code.replaceAll('localhost:11211', memcached.url);

  async function print(code: string): Promise<string> {
    writeFileSync(join(folder, 'block.ts'), onThisServer(code));
    const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', 'block.ts'], {
      cwd: folder,
      env: { ...process.env, DATABASE_URL: service.url },
      timeout: 25_000,
    });
    expect(stderr).toBe('');
    return stdout;
  }

  const containing = (text: string): string => blocks.find(({ code }) => code.includes(text))?.code ?? '';

  test('the first example runs alone while nobody holds the table, and ends by itself', async () => {
    expect(await print(containing("job: 'hourly rollup'"))).toBe('alone on visits\n');
  });

  test('the first example says that it runs without a lock where no store answers', async () => {
    const nowhere = containing("job: 'hourly rollup'").replace('localhost:11211', 'localhost:1');
    expect(await print(nowhere)).toBe('the store is down: running without a lock\n');
  });

  test('the first example names the holder when it is skipped', async () => {
    const first = containing("job: 'hourly rollup'");
    const outcome = first.slice(first.indexOf('const outcome'));
    const held = `${first.slice(0, first.indexOf('const outcome'))}
const other = createLocker({ store: memcachedStore({ servers: 'localhost:11211' }), job: 'backfill' });
const lock = await other.lock('visits');
${outcome}
await lock.unlock();`;
    expect(await print(held)).toMatch(/^skipped: "visits" is held by backfill on \S+ since \d{4}-/);
  });

  test('the cron example fires alone', async () => {
    const code = containing("from 'giveway/cron'").replace('*/5 * * * *', '* * * * * *');
    const fired = await print(`${code}\ntask.on('execution:finished', () => process.emit('SIGTERM'));`);
    expect(fired).toMatch(/^fire of \d{4}-\S+, alone on visits\n/);
  });

  test('the insert example fills its tables', async () => {
    await print(containing("from 'giveway/warehouse'"));
    await expect(query(service.url, 'select 1 / (count(*) - 1) from visits')).resolves.toBeUndefined();
  });

  test('the config example is found and used', async () => {
    writeFileSync(join(folder, 'giveway.config.ts'), onThisServer(config?.code ?? ''));
    const printed = await print(containing('loadLocker'));
    expect(printed).toMatch(/^alone on visits\n"vists" is not a listed resource; did you mean "visits"\?/);
  });
});
