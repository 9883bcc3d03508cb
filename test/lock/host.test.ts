import { hostname } from 'node:os';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { LockClient } from '../../src/leases/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { closeAll, opened, untilInLine } from './fleet.ts';

const before = process.env.GIVEWAY_HOST;
afterEach(async () => {
  if (before === undefined) delete process.env.GIVEWAY_HOST;
  else process.env.GIVEWAY_HOST = before;
  await closeAll();
});

describe('records and messages show this process by', () => {
  test.each([
    ['the option `host`', 'worker-7', 'pod-3', 'worker-7'],
    ['GIVEWAY_HOST', undefined, 'pod-3', 'pod-3'],
    ['the name of the machine', undefined, undefined, hostname()],
  ])('%s', async (_, host, variable, expected) => {
    if (variable === undefined) delete process.env.GIVEWAY_HOST;
    else process.env.GIVEWAY_HOST = variable;
    const backend = memoryStore();
    const locker = (): ResourceLocker => opened({ store: backend.connect(), ...(host === undefined ? {} : { host }) });
    const [holder, waiter] = [locker(), locker()];
    const lock = await holder.lock('events');
    const waiting = waiter.lock('events');
    await untilInLine(holder, 'events', 1);
    expect((await holder.inspect('events')).map((each) => [each.state, each.host, each.pid])).toEqual([
      ['holding', expected, process.pid],
      ['waiting', expected, process.pid],
    ]);
    await expect(waiter.run('events', () => {})).resolves.toMatchObject({ status: 'skipped', holders: [{ host: expected }, {}] });
    await lock.unlock();
    await (await waiting).unlock();
  });

  test('GIVEWAY_HOST, of leases too', async () => {
    process.env.GIVEWAY_HOST = 'pod-3';
    const store = memoryStore();
    await using client = new LockClient({ store });
    await client.acquireLock({ partitionKey: 'events' });
    expect(client.ownerName).toMatch(/^pod-3-/);
    await expect(opened({ store }).inspect('events')).resolves.toMatchObject([{ host: 'pod-3' }]);
  });

  test.each(['', 'a\nb', 'x'.repeat(256), 7])('P11: host %j is refused', (host) => {
    expect(() => createLocker({ store: memoryStore(), host } as never)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path: 'host' }),
    );
  });

  test('P11: and so is GIVEWAY_HOST', () => {
    process.env.GIVEWAY_HOST = 'a\u0000b';
    expect(() => createLocker({ store: memoryStore() })).toThrow(expect.objectContaining({ path: 'host' }));
  });
});
