import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { Pool } from 'pg';
import { postgresStore } from '../../../src/stores/postgres/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith } from '../../support/shared.ts';

const runner = { describe, test, beforeAll, afterAll };

describeWith('postgres', (service) => {
  storeSuite({
    name: 'postgres, by connection string',
    test: runner,
    create: () => postgresStore({ connectionString: service.url, createTable: true, timeoutMs: 20_000 }),
  });
});

describeWith('postgres', (service) => {
  const pools: Pool[] = [];
  afterAll(async () => {
    for (const pool of pools) await pool.end();
  });

  storeSuite({
    name: 'postgres, over a pool that runs everything serializable, without push',
    test: runner,
    create: () => {
      const url = new URL(service.url);
      url.searchParams.set('options', `${url.searchParams.get('options')} -c default_transaction_isolation=serializable`);
      const pool = new Pool({ connectionString: url.href, max: 4 });
      pools.push(pool);
      return postgresStore({ pool, createTable: true, timeoutMs: 20_000 });
    },
  });
});
