import { afterEach, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { postgresStore } from '../../../src/stores/postgres/index.ts';
import { describeWith } from '../../support/shared.ts';

describeWith('postgres', (service) => {
  afterEach(() => void jest.restoreAllMocks());

  test('a session that is ended right behind its greeting does not end the process', async () => {
    const fatal = Object.assign(new Error('terminating connection'), { code: '57P01', severity: 'FATAL' });
    const { emit } = pg.Pool.prototype;
    let ended = 0;
    jest.spyOn(pg.Pool.prototype, 'emit').mockImplementation(function (this: pg.Pool, event: string | symbol, ...args: unknown[]) {
      // Before any promise is looked at, as when both come in one packet.
      if (event === 'acquire' && ++ended === 1) process.nextTick(() => (args[0] as pg.PoolClient).emit('error', fatal));
      return Reflect.apply(emit, this, [event, ...args]) as boolean;
    });
    const store = postgresStore({ connectionString: service.url, createTable: true });
    expect(await store.create('a', 'b', 1_000)).toBeDefined();
    expect(ended).toBeGreaterThan(0);
    await store.close();
  });
});
