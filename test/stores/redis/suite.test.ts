import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { type RedisNode, redisNode } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { clientKinds, openClient } from './clients.ts';

const runner = { describe, test, beforeAll, afterAll };
const hangUp: (() => void)[] = [];
afterAll(() => {
  for (const end of hangUp) end();
});

describeWith('redis', (service) => {
  for (const [kind, fences] of [...clientKinds.map((each) => [each, true] as const), ['ioredis', false] as const]) {
    storeSuite({
      name: `redis, over ${kind}${fences ? '' : ', without fences'}`,
      test: runner,
      create: async () => {
        const { client, close } = await openClient(kind, service.url);
        hangUp.push(close);
        return redisStore({ client, prefix: `${service.prefix}:${kind}:${fences}:`, timeoutMs: 20_000, ...(fences ? {} : { fences }) });
      },
    });
  }
});

describeWith('redis', () => {
  let node: RedisNode;
  beforeAll(async () => {
    node = await redisNode();
    const client = new Redis(node.url);
    await client.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!String(await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
    client.disconnect();
  });
  afterAll(() => node.stop());

  storeSuite({
    name: 'a cluster of redis, over ioredis',
    test: runner,
    create: () => {
      const client = new Cluster([{ host: node.host, port: node.port }]);
      hangUp.push(() => client.disconnect());
      return redisStore({ client, timeoutMs: 20_000 });
    },
  });

  storeSuite({
    name: 'a cluster of redis, over node-redis, without fences',
    test: runner,
    create: async () => {
      const client = createCluster({ rootNodes: [{ url: node.url }] });
      await client.connect();
      hangUp.push(() => client.destroy());
      return redisStore({ client, fences: false, timeoutMs: 20_000 });
    },
  });
});
