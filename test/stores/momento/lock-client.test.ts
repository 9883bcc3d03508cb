/** The layout of Momento's drop-in for the DynamoDB Lock Client, against the stand-in for the service; that client itself needs the live one. */
import type { CacheClient } from '@gomomento/sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createLocker } from '../../../src/index.ts';
import { LockClient } from '../../../src/leases/index.ts';
import { momentoStore } from '../../../src/stores/momento/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { type MomentoServer, momentoServer } from '../../support/momento-server.ts';
import { relaxations } from '../shedlock/stage.ts';

const minute = 60_000;
let server: MomentoServer;
const clients: CacheClient[] = [];

beforeAll(async () => {
  server = await momentoServer();
});
afterAll(async () => {
  for (const client of clients) client.close();
  await server.stop();
});

function open() {
  const client = server.client();
  clients.push(client);
  return momentoStore({ client, cacheName: server.cacheName, layout: 'lock-client', timeoutMs: 5_000 });
}

/** As that client writes it. */
const javaItem = (more: object = {}): string =>
  JSON.stringify({ owner: 'java-host1234', leaseDuration: 20_000, partitionKey: 'seat', sortKey: 'A5', data: 'QWRh', ...more });

/** What that client could read: the fields it knows, of their types, and no others. */
function readAsJava(key: string): Record<string, unknown> {
  const item = JSON.parse(server.peek(key)?.text ?? '') as Record<string, unknown>;
  const types = { owner: 'string', leaseDuration: 'number', partitionKey: 'string', sortKey: 'string', data: 'string' };
  for (const [name, value] of Object.entries(item)) expect([name, typeof value]).toEqual([name, types[name as keyof typeof types]]);
  return item;
}

describe('items', () => {
  beforeEach(() => server.flush());

  test('an item of ours is one that Java reads: the key, the owner, the lease, the data', async () => {
    await using leases = new LockClient({ store: open(), ownerName: 'shop north', leaseDurationMs: 20_000 });
    const item = await leases.acquireLock({ partitionKey: 'seat', sortKey: 'A5', data: 'Ada' });
    expect(readAsJava('seat_A5')).toEqual({
      owner: expect.stringMatching(/^shop north \(giveway [0-9a-f]{32}, since \d{4}-.*Z, write 1\)$/),
      leaseDuration: 20_000,
      partitionKey: 'seat',
      sortKey: 'A5',
      data: 'QWRh',
    });
    expect(server.peek('seat_A5')?.leftMs).toBeGreaterThan(15_000);
    await item.sendHeartBeat();
    expect(readAsJava('seat_A5').owner).toMatch(/write 2\)$/);
    // Only if the key is absent, as Java takes it.
    const [client] = clients;
    expect((await client?.setIfAbsent(server.cacheName, 'seat_A5', javaItem()))?.type).toBe('NotStored');
    expect(await item.close()).toBe(true);
    // Java, that looks just now, can read what it finds, and waits for a second.
    expect(readAsJava('seat_A5')).toMatchObject({ owner: 'nobody (released)', leaseDuration: 1_000, partitionKey: 'seat' });
    expect(server.peek('seat_A5')?.leftMs).toBeLessThanOrEqual(1_000);
    expect(await leases.getLock('seat', 'A5')).toBeUndefined();
    await using again = await leases.acquireLock({ partitionKey: 'seat', sortKey: 'A5', shouldSkipBlockingWait: true });
    expect(again.data).toBeUndefined();
  });

  test('an item of Java is one holder: refused, shown with owner, lease and data, and never touched', async () => {
    server.poke('seat_A5', javaItem(), minute);
    const store = open();
    await using leases = new LockClient({ store, ownerName: 'shop south' });
    expect(await leases.tryAcquireLock({ partitionKey: 'seat', sortKey: 'A5', shouldSkipBlockingWait: true })).toBeUndefined();
    const seen = await leases.getLock('seat', 'A5');
    expect(seen).toMatchObject({ ownerName: 'java-host1234', leaseDurationMs: 20_000, partitionKey: 'seat', sortKey: 'A5' });
    expect(String(seen?.data)).toBe('Ada');
    expect(server.peek('seat_A5')?.text).toBe(javaItem());
    await using later = new LockClient({ store: open(), ownerName: 'shop east' });
    const waiting = later.acquireLock({ partitionKey: 'seat', sortKey: 'A5', refreshPeriodMs: 50 });
    server.flush();
    expect((await waiting).ownerName).toBe('shop east');
  });

  test('a locker joins by the exact name, in mode write', async () => {
    const name = 'Customer:42';
    server.poke(name, javaItem({ partitionKey: name, sortKey: undefined, data: undefined }), minute);
    const locker = createLocker({ store: open(), onStoreDown: 'throw', host: 'node-1' });
    expect(await locker.tryLock(name)).toBeUndefined();
    expect(await locker.inspect(name)).toMatchObject([{ resource: name, host: 'java-host1234', mode: 'write', state: 'holding' }]);
    server.flush();
    const lock = await locker.lock({ appends: name });
    expect(readAsJava(name)).toMatchObject({ owner: expect.stringMatching(/^node-1 \(giveway /), partitionKey: name });
    expect(await locker.inspect(name)).toMatchObject([{ host: 'node-1', since: expect.any(Date), mode: 'write' }]);
    expect(await lock.unlock()).toBe(true);
    await locker.close();
  });

  test.each(['no JSON', '{"owner":7}', '{"owner":"x","partitionKey":"p"}', 'null'])(
    '%s under a key is busy, and left alone',
    async (text) => {
      server.poke('job', text, minute);
      const locker = createLocker({ store: open(), onStoreDown: 'throw' });
      expect(await locker.tryLock('job')).toBeUndefined();
      expect(server.peek('job')?.text).toBe(text);
      await locker.close();
    },
  );

  test('what the layout has no room for is refused, and nothing is written', async () => {
    await using leases = new LockClient({ store: open(), ownerName: 'shop' });
    const refused = { name: 'InvalidOptionError' };
    await expect(leases.acquireLock({ partitionKey: 'a', additionalAttributes: { colour: 'red' } })).rejects.toMatchObject(refused);
    expect(server.peek('a')).toBeUndefined();
    const item = await leases.acquireLock({ partitionKey: 'a' });
    await expect(leases.releaseLock({ lockItem: item, deleteLock: false })).rejects.toMatchObject(refused);
    expect(() => momentoStore({ client: clients[0] as CacheClient, cacheName: 'c', layout: 'java' as never })).toThrow(
      expect.objectContaining({ path: 'layout' }),
    );
  });
});

storeSuite({
  name: "momento, in its lock client's layout (wire-level stand-in)",
  test: { describe, test, beforeAll, afterAll },
  create: open,
  relaxations,
});
