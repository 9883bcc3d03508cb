import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { describeWith } from '../../support/shared.ts';

const source = join(__dirname, '../../../src/stores/redis/index.ts');

const connect = {
  ioredis: `import { Redis } from 'ioredis'; const client = new Redis(process.env.STORE_URL); const hangUp = () => client.disconnect();`,
  'node-redis': `import { createClient } from 'redis'; const client = await createClient({ url: process.env.STORE_URL }).connect(); const hangUp = () => client.destroy();`,
};

describeWith('redis', (service) => {
  test.each(Object.entries(connect))('a store that was never closed does not keep its process alive, over %s', async (kind, client) => {
    const script = `
      import { redisStore } from ${JSON.stringify(source)};
      ${client}
      const store = redisStore({ client, timeoutMs: 10_000, prefix: ${JSON.stringify(`${service.prefix}:${kind}:`)} });
      const version = await store.create('key', 'value', 60_000);
      await new Promise((resolve) => store.subscribe('key', resolve));
      console.log(await store.remove('key', version));
      hangUp();
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
