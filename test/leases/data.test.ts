import { expect, test } from '@jest/globals';
import type { LockItem } from '../../src/leases/index.ts';
import { stage } from './stage.ts';

const kept = { partitionKey: 'events', deleteLockOnRelease: false };

test('data are what they were when they were given, whatever becomes of the bytes while a lock is waited for', async () => {
  const { client, settle } = stage();
  const given = Buffer.from('mine');
  const held = await client().acquireLock(kept);
  const waiting = client().acquireLock({ ...kept, data: given });
  given.fill('x');
  await held.close();
  const { outcome } = await settle(waiting);
  expect(outcome).toMatchObject({ value: { data: Buffer.from('mine') } });
});

test('so are those of a heartbeat and of a release, which wait for each other', async () => {
  const { client } = stage();
  const mine = client();
  const item: LockItem = await mine.acquireLock(kept);
  const [first, second] = [Buffer.from('first'), Buffer.from('second')];
  const beat = mine.sendHeartbeat({ lockItem: item, data: first }).then(() => item.data);
  const released = mine.releaseLock({ lockItem: item, data: second });
  for (const bytes of [first, second]) bytes.fill('x');
  expect(await released).toBe(true);
  await beat.catch(() => {});
  expect((await client().getLockFromStore({ partitionKey: 'events' }))?.data).toEqual(Buffer.from('second'));
});
