import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Pool } from 'pg';
import { shedlockMemcached, shedlockRedis, shedlockTable } from '../../../src/stores/shedlock/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { query } from '../../support/services.ts';
import { describeWith } from '../../support/shared.ts';
import { clientKinds, openClient } from '../redis/clients.ts';
import { relaxations, shedlockDdl } from './stage.ts';

const runner = { describe, test, beforeAll, afterAll };

describeWith('postgres', (service) => {
  const pools: Pool[] = [];
  beforeAll(() => query(service.url, shedlockDdl));
  afterAll(async () => {
    for (const pool of pools) await pool.end();
  });

  storeSuite({
    name: 'shedlock, a table by the clock of the database',
    test: runner,
    relaxations,
    create: () => {
      const pool = new Pool({ connectionString: service.url, max: 4 });
      pools.push(pool);
      return shedlockTable({ pool, usingDbTime: true });
    },
  });

  storeSuite({
    name: 'shedlock, a table in the time of New York, by connection string',
    test: runner,
    relaxations,
    create: () => shedlockTable({ connectionString: service.url, usingDbTime: { timeZone: 'America/New_York' } }),
  });
});

describeWith('redis', (service) => {
  const hangUp: (() => void)[] = [];
  afterAll(() => {
    for (const end of hangUp) end();
  });
  for (const kind of clientKinds) {
    storeSuite({
      name: `shedlock, redis over ${kind}`,
      test: runner,
      relaxations,
      create: async () => {
        const { client, close } = await openClient(kind, service.url);
        hangUp.push(close);
        return shedlockRedis({ client, environment: service.prefix });
      },
    });
  }
});

describeWith('memcached', (service) => {
  storeSuite({
    name: 'shedlock, memcached',
    test: runner,
    relaxations: { ...relaxations, D3: 'names are exact, and memcached takes printable ASCII alone' },
    create: () => shedlockMemcached({ servers: service.url, environment: service.prefix }),
  });
});
