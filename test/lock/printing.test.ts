import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createLocker, LockLostError, ResourceBusyError, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

/** What `console.log` writes, however deep it looks. */
const printed = (value: unknown): string => inspect(value, { depth: 20 });
/** An error that nobody caught is written without asking it how. */
const uncaught = (error: unknown): string => inspect(error, { depth: 20, customInspect: false });

const lockers: ResourceLocker[] = [];
afterEach(() => Promise.all(lockers.splice(0).map((locker) => locker.close())));

function pair(): [ResourceLocker, ResourceLocker] {
  const backend = memoryStore();
  const here = createLocker({ store: backend, job: 'rollup' });
  const there = createLocker({ store: backend.connect() });
  lockers.push(here, there);
  return [here, there];
}

async function busyError(locker: ResourceLocker): Promise<ResourceBusyError> {
  const error = await locker.lock('events', { retry: { maxWaitMs: 0 } }).catch((reason: unknown) => reason);
  if (!(error instanceof ResourceBusyError)) throw error;
  return error;
}

describe('a token is read, never printed', () => {
  test('of a lock, nor of those held', async () => {
    const [here] = pair();
    const lock = await here.lock('events');
    for (const text of [printed(lock), printed(here.held()), printed({ deep: { lock } }), printed(here)])
      expect(text).not.toContain(lock.token);
    expect(printed(lock)).toMatch(/scope: .*'events'.*job: 'rollup'.*remainingMs: \d+/s);
    expect(printed(lock)).toContain('lost: undefined');
  });

  test('of a lock that joined an outer run', async () => {
    const [here] = pair();
    await here.run('events', async () => {
      const joined = await here.lock('events');
      expect(printed(joined)).not.toContain(joined.token);
    });
  });

  test('of holders, in lists and events and outcomes', async () => {
    const [here, there] = pair();
    const { token } = await here.lock('events');
    const heard: unknown[] = [];
    there.on('busy', (event) => heard.push(event));
    there.on('skipped', (event) => heard.push(event));
    const outcome = await there.run('events', () => {});
    const holders = await there.inspect('events');
    expect(heard).toHaveLength(2);
    for (const value of [outcome, holders, ...heard]) {
      expect(printed(value)).not.toContain(token);
      expect(printed(value)).toMatch(/job: 'rollup'.*state: 'holding'/s);
    }
    expect(holders).toEqual([expect.objectContaining({ token, job: 'rollup' })]);
    expect({ ...holders[0] }).toHaveProperty('token', token);
  });

  test('of the holders of a ResourceBusyError, caught or not', async () => {
    const [here, there] = pair();
    const { token } = await here.lock('events');
    const error = await busyError(there);
    const wrapped = new Error('the job failed', { cause: error });
    for (const text of [printed(error), printed(wrapped), uncaught(error), uncaught(wrapped), JSON.stringify(error)])
      expect(text).not.toContain(token);
    expect(printed(error)).toMatch(/held by rollup on .*code: 'ERR_GIVEWAY_BUSY'.*resource: 'events'/s);
    expect(error.holders[0]).toMatchObject({ token, job: 'rollup' });
  });

  test('of a lock that was lost', async () => {
    const [here] = pair();
    const lock = await here.lock('events');
    await here.close();
    const error = lock.signal.reason as LockLostError;
    expect(error).toBeInstanceOf(LockLostError);
    for (const text of [printed(error), uncaught(error), printed(lock), printed(lock.signal)]) expect(text).not.toContain(lock.token);
    expect(printed(lock)).toContain("lost: 'closed'");
  });
});
