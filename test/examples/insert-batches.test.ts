import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { startExample } from './run-example.ts';

describeWith('postgres', (service) => {
  let memcached: ProcessServer;
  beforeAll(async () => {
    memcached = await memcachedServer();
  });
  afterAll(() => memcached.stop());

  test('insert-batches: batches wait for the job, a reader does not, and every row goes in', async () => {
    const { ended, lines } = startExample('insert-batches.ts', { MEMCACHED_SERVERS: memcached.url, DATABASE_URL: service.url });
    expect(await ended).toBe(0);
    // The reader's answer and the first refusal come from two servers, in any order.
    expect([...lines].sort()).toEqual([
      '200 rows went in; the table has 200',
      'a reader saw 0 rows, and did not wait',
      'batches wait for giveway_example, held by rewrite',
    ]);
  });
});
