import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { describeWith } from '../../support/shared.ts';

const source = join(__dirname, '../../../src/stores/postgres/index.ts');

describeWith('postgres', (service) => {
  test('a store that is idle and was never closed does not keep its process alive', async () => {
    const script = `
      import { postgresStore } from ${JSON.stringify(source)};
      const store = postgresStore({ connectionString: process.env.STORE_URL, createTable: true, timeoutMs: 10_000 });
      const version = await store.create('key', 'value', 60_000);
      await new Promise((resolve) => store.subscribe('key', resolve));
      console.log(await store.remove('key', version));
    `;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
      env: { ...process.env, STORE_URL: service.url },
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 20_000,
    });
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    expect({ said, code }).toEqual({ said: 'true\n', code: 0 });
  });
});
