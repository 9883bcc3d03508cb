import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { createLocker, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { Locked, setDefaultLocker } from '../../src/jobs/decorators.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { type FaultyStore, faultyStore } from '../../src/testing/index.ts';

const forever = { times: Number.POSITIVE_INFINITY };

function fleet(options: Partial<LockerOptions> = {}): { here: ResourceLocker; there: ResourceLocker; store: FaultyStore } {
  const backend = memoryStore();
  const store = faultyStore(backend);
  return { here: createLocker({ store, ...options }), there: createLocker({ store: backend.connect() }), store };
}

class Warehouse {
  readonly factor = 2;
  readonly locker: ResourceLocker;
  constructor(locker: ResourceLocker) {
    this.locker = locker;
  }

  @Locked({ writes: 'visits', reads: 'events' })
  async refresh(base: number, extra = 0): Promise<{ total: number; holders: readonly unknown[] }> {
    return { total: base * this.factor + extra, holders: await this.locker.inspect('visits') };
  }

  @Locked((account) => `events/${account}`)
  async load(account: string): Promise<readonly unknown[] | undefined> {
    return this.locker.current(`events/${account}`)?.scope.writes;
  }

  @Locked('events', { onBusy: 'skip' })
  async perhaps(): Promise<string | undefined> {
    return 'ran';
  }

  @Locked('events', { onBusy: 'retry', retry: { maxWaitMs: 1_000 } })
  async patient(): Promise<string> {
    return 'ran';
  }

  @Locked('events')
  async failing(): Promise<void> {
    throw new Error('division by zero');
  }

  @Locked('events', { onStoreDown: 'skip' })
  async strict(): Promise<string> {
    return 'ran';
  }

  @Locked('events')
  async outer(): Promise<string> {
    return this.inner();
  }

  @Locked('events')
  async inner(): Promise<string> {
    return 'both';
  }
}

describe('@Locked', () => {
  afterEach(() => setDefaultLocker(undefined));

  test("the method's this, arguments, result, name and length pass through; others see who holds what", async () => {
    const { here, there } = fleet();
    const warehouse = new Warehouse(here);
    const { total, holders } = await warehouse.refresh(20, 2);
    expect(total).toBe(42);
    expect(holders).toMatchObject([{ job: 'Warehouse.refresh', mode: 'write' }]);
    expect(warehouse.refresh.name).toBe('refresh');
    expect(warehouse.refresh).toHaveLength(1);
    expect(await there.tryLock(['visits', 'events'])).toBeDefined();
  });

  test('a scope made of the arguments', async () => {
    const { here, there } = fleet();
    await there.lock('events/acme');
    const warehouse = new Warehouse(here);
    expect(await warehouse.load('initech')).toEqual(['events/initech']);
    await expect(warehouse.load('ACME')).rejects.toMatchObject({ name: 'ResourceBusyError', resource: 'events/acme' });
  });

  test("busy: throws and says who; 'retry' waits first; 'skip' returns undefined", async () => {
    const { here, there } = fleet();
    const lock = await there.lock('events', { job: 'backfill' });
    const warehouse = new Warehouse(here);
    await expect(warehouse.inner()).rejects.toMatchObject({
      name: 'ResourceBusyError',
      holders: [{ job: 'backfill' }],
      waitedMs: expect.any(Number),
    });
    await expect(warehouse.patient()).rejects.toMatchObject({ name: 'ResourceBusyError' });
    expect(await warehouse.perhaps()).toBeUndefined();
    setTimeout(() => void lock.unlock(), 50);
    expect(await warehouse.patient()).toBe('ran');
  });

  test('a method that calls another of the same scope joins its lock', async () => {
    expect(await new Warehouse(fleet().here).outer()).toBe('both');
  });

  test("P9: the method's own error arrives, with the store up or down", async () => {
    const { here, there, store } = fleet();
    const warehouse = new Warehouse(here);
    await expect(warehouse.failing()).rejects.toThrow('division by zero');
    expect(await (await there.tryLock('events'))?.unlock()).toBe(true);
    store.arm('every', 'reject-before', forever);
    await expect(warehouse.failing()).rejects.toThrow('division by zero');
    await expect(warehouse.strict()).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  });

  test('the locker: an option, a property by name, the property `locker`, or the default', async () => {
    const { here, there } = fleet();
    const jobs: (string | undefined)[] = [];
    const seen = (locker: ResourceLocker): void => void jobs.push(locker.current()?.job);
    class Service {
      readonly locks = here;
      @Locked('a', { locker: here })
      async byOption(): Promise<void> {
        seen(here);
      }
      @Locked('a', { locker: 'locks' })
      async byName(): Promise<void> {
        seen(here);
      }
      @Locked('a')
      async byDefault(): Promise<void> {
        seen(there);
      }
      @Locked('a', { job: 'nightly' })
      static async ofTheClass(): Promise<void> {
        seen(there);
      }
    }
    const service = new Service();
    await expect(service.byDefault()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NO_LOCKER' });
    setDefaultLocker(there);
    for (const call of [() => service.byOption(), () => service.byName(), () => service.byDefault(), () => Service.ofTheClass()])
      await call();
    expect(jobs).toEqual(['Service.byOption', 'Service.byName', 'Service.byDefault', 'nightly']);
  });

  test('a default locker that another copy of the module was given counts here too', async () => {
    const { here } = fleet();
    class Service {
      @Locked('a')
      async run(): Promise<string> {
        return 'ran';
      }
    }
    // As a process has it that loads giveway as ESM and as CommonJS.
    const other = jest.requireActual<typeof import('../../src/jobs/decorators.ts')>('../../src/jobs/decorators.ts');
    jest.resetModules();
    const again = jest.requireActual<typeof import('../../src/jobs/decorators.ts')>('../../src/jobs/decorators.ts');
    expect(again.setDefaultLocker).not.toBe(other.setDefaultLocker);
    again.setDefaultLocker(here);
    expect(await new Service().run()).toBe('ran');
    again.setDefaultLocker(undefined);
    await expect(new Service().run()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_NO_LOCKER' });
  });

  test('P11: what is no locker is no default either', () => {
    for (const value of [null, {}, memoryStore()])
      expect(() => setDefaultLocker(value as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path: 'locker' }));
  });

  test('a closed locker and an aborted signal are errors of their own', async () => {
    const { here } = fleet();
    const stop = new AbortController();
    class Service {
      @Locked('a', { locker: here, signal: stop.signal })
      async run(): Promise<void> {}
    }
    stop.abort(new Error('shutting down'));
    await expect(new Service().run()).rejects.toThrow('shutting down');
    await here.close();
    await expect(new Warehouse(here).inner()).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLOSED' });
  });

  test("an hour is the default maxHoldMs; a table's own comes first", async () => {
    const { here } = fleet({ resources: { visits: { maxHoldMs: 60_000 }, events: {} } });
    const { holders } = await new Warehouse(here).refresh(1);
    const [holder] = holders as { since: Date; latestEnd: Date }[];
    expect((holder?.latestEnd.getTime() ?? 0) - (holder?.since.getTime() ?? 0)).toBe(60_000);
  });

  test.each([
    ['an unknown onBusy', { onBusy: 'wait' }, 'onBusy'],
    ['an unknown option', { ttl: 1 }, 'ttl'],
    ['a bad ttlMs', { ttlMs: 1 }, 'ttlMs'],
    ['what is no locker', { locker: {} }, 'locker'],
    ['no options', null, 'options'],
    ['what are no options', 7, 'options'],
  ])('P11: refuses %s where it is declared', (_, options, path) => {
    expect(() => Locked('events', options as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path }));
  });

  test.each([
    [undefined, 'scope'],
    [[], 'scope'],
    [{ write: 'events' }, 'scope.write'],
  ])('P11: refuses the scope %j where it is declared', (scope, path) => {
    expect(() => Locked(scope as never)).toThrow(expect.objectContaining({ name: 'InvalidOptionError', path }));
  });

  test.each(['field', 'getter', 'setter', 'accessor', 'class'])('P11: refuses to stand on a %s', (kind) => {
    const decorate = Locked('events') as unknown as (value: unknown, context: object) => unknown;
    const value = kind === 'field' ? undefined : () => {};
    expect(() => decorate(value, { kind, name: 'visits' })).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', path: '@Locked', message: expect.stringMatching(`methods only.* ${kind}`) }),
    );
  });
});
