import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import type { Version } from '../../../src/lock/store.ts';
import { redisStore } from '../../../src/stores/redis/index.ts';
import { type RedisNode, redisNode } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { clientKinds } from './clients.ts';

// A replica is behind: who reads there may miss a lock that is held, and take his own for lost.
describeWith('redis', () => {
  let primary: RedisNode;
  let replica: RedisNode;
  beforeAll(async () => {
    const args = ['--repl-diskless-sync-delay', '0'];
    [primary, replica] = await Promise.all([redisNode(args), redisNode(args)]);
    const [one, other] = [new Redis(primary.url), new Redis(replica.url)];
    await one.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await other.call('CLUSTER', 'MEET', primary.host, String(primary.port), String(primary.busPort));
    const id = String(await one.call('CLUSTER', 'MYID'));
    while (!String(await other.call('CLUSTER', 'NODES')).includes(id)) await sleep(20);
    await other.call('CLUSTER', 'REPLICATE', id);
    while (!String(await other.info('replication')).includes('master_link_status:up')) await sleep(20);
    while (!String(await one.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) await sleep(20);
    await one.set('something', 'to replicate'); // a replica that has received nothing is not listed
    while (!String(await one.call('CLUSTER', 'SLOTS')).includes(String(replica.port))) await sleep(20);
    one.disconnect();
    other.disconnect();
  }, 90_000);
  afterAll(async () => {
    await replica.stop();
    await primary.stop();
  });

  test.each(clientKinds)('a cluster client that reads from replicas still reads locks from the primary, over %s', async (kind) => {
    const client =
      kind === 'ioredis'
        ? new Cluster([primary], { scaleReads: 'slave' })
        : createCluster({ rootNodes: [{ url: primary.url }], useReplicas: true });
    if (!(client instanceof Cluster)) await client.connect();
    const store = redisStore({ client });
    const version = (await store.create(kind, 'mine', 60_000)) as Version;
    replica.pause();
    try {
      for (let times = 0; times < 10; times += 1) expect(await store.read(kind)).toEqual({ value: 'mine', version });
    } finally {
      replica.resume();
    }
    await store.close();
    if (client instanceof Cluster) client.disconnect();
    else client.destroy();
  });
});
