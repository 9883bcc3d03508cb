import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { CacheClient } from '@gomomento/sdk';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { seatReservation } from '../../examples/seat-reservation.ts';
import type { LockStore } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { clientFor, storeWithTable } from '../stores/dynamodb/tables.ts';
import { type OpenClient, openClient } from '../stores/redis/clients.ts';
import { type MomentoServer, momentoServer } from '../support/momento-server.ts';
import { describeWith, uniqueName } from '../support/shared.ts';

/** The evening as it goes on a healthy store. Paying takes long enough for a heartbeat. */
async function expectTheEvening(store: LockStore, namespace: string | undefined = uniqueName('seats').slice(0, 40)): Promise<void> {
  const said: string[] = [];
  const tickets = await seatReservation({
    store,
    ...(namespace && { namespace }),
    payingMs: 3_500,
    say: (line) => said.push(line),
  });
  expect(said).toEqual([
    'Ada has A5 for 10 minutes',
    'Bob is refused: Ada is buying it at shop north',
    'Ada is paying: a heartbeat has been seen',
    'Ada has paid; the seat is released',
    'Bob is refused: it is sold',
    'Bob has A6 instead',
  ]);
  expect([...tickets]).toEqual([['A5', 'Ada']]);
}

describeWith('memcached', (service) => {
  test('a seat is reserved, refused, paid and released on memcached', async () => {
    const store = memcachedStore({ servers: service.url });
    await expectTheEvening(store);
    await store.close();
  });
});

describeWith('postgres', (service) => {
  test('a seat is reserved, refused, paid and released on postgres', async () => {
    const store = postgresStore({ connectionString: service.url });
    await store.createTable();
    await expectTheEvening(store);
    await store.close();
  });
});

describeWith('redis', (service) => {
  let open: OpenClient;
  beforeAll(async () => {
    open = await openClient('ioredis', service.url);
  });
  afterAll(() => open.close());
  test('a seat is reserved, refused, paid and released on redis', async () => {
    const store = redisStore({ client: open.client });
    await expectTheEvening(store);
    await store.close();
  });
});

describeWith('dynamodb', (service) => {
  let client: DynamoDBClient;
  beforeAll(() => {
    client = clientFor(service.url);
  });
  afterAll(() => client.destroy());
  test('a seat is reserved, refused, paid and released on dynalite', async () => {
    await expectTheEvening(await storeWithTable(client));
  });
});

describe('momento', () => {
  let server: MomentoServer;
  let client: CacheClient;
  beforeAll(async () => {
    server = await momentoServer();
    client = server.client();
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });
  test('a seat is reserved, refused, paid and released on a stand-in for Momento (not the live service)', async () => {
    await expectTheEvening(momentoStore({ client, cacheName: server.cacheName }));
  });

  test("the same in the layout of Momento's lock client, where a seat that Java holds is refused", async () => {
    const store = momentoStore({ client, cacheName: server.cacheName, layout: 'lock-client' });
    await expectTheEvening(store, '');
    server.flush();
    const item = { owner: 'java', leaseDuration: 600_000, partitionKey: 'seat', sortKey: 'A6', data: 'RXZl' };
    server.poke('seat_A6', JSON.stringify(item), 600_000);
    const said: string[] = [];
    await seatReservation({ store, payingMs: 10, say: (line) => said.push(line) });
    expect(said.at(-1)).toBe('Bob gets nothing');
    expect(JSON.parse(server.peek('seat_A6')?.text ?? '')).toEqual(item);
  });
});
