import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { createPool, type Pool } from 'mysql2/promise';
import { mysqlStore } from '../../../src/stores/mysql/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';

const settings = [
  `set session time_zone = '-05:00', sql_mode = 'NO_BACKSLASH_ESCAPES,ANSI_QUOTES'`,
  'set session transaction isolation level serializable',
];
const runner = { describe, test, beforeAll, afterAll };

describeWith('mysql', (service) => {
  const table = uniqueName();
  storeSuite({
    name: 'mysql, by uri',
    test: runner,
    create: () => mysqlStore({ uri: service.url, createTable: true, table, timeoutMs: 20_000 }),
  });
});

describeWith('mysql', (service) => {
  const table = uniqueName();
  const pools: Pool[] = [];
  afterAll(async () => {
    for (const pool of pools) await pool.end();
  });

  storeSuite({
    name: 'mysql, over a pool with settings of its own, of which a lock must feel nothing',
    test: runner,
    create: () => {
      const pool = createPool({
        uri: service.url,
        charset: 'latin1',
        timezone: '+09:00',
        rowsAsArray: true,
        nestTables: '_',
        supportBigNumbers: true,
        bigNumberStrings: true,
        dateStrings: true,
        flags: ['-FOUND_ROWS'],
      });
      pool.on('connection', (connection) => {
        const raw = connection as unknown as { query(sql: string, done: (error: Error | null) => void): void };
        for (const setting of settings)
          raw.query(setting, (error) => {
            if (error) throw error;
          });
      });
      pools.push(pool);
      return mysqlStore({ pool, createTable: true, table, timeoutMs: 20_000 });
    },
  });
});
