import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse, type Warehouse } from '../../src/warehouse/index.ts';
import { standIn } from '../../src/warehouse/stand-in.ts';
import { describeWith } from '../support/shared.ts';
import { destroy, innerOf, leadsTo, namesOf, outcomeOf } from './reach.ts';

const poolEvents = ['connect', 'acquire', 'release', 'remove', 'error'];
const clientEvents = ['error', 'notice', 'notification', 'drain', 'end', 'connect'];

describeWith('postgres', (service) => {
  let pool: pg.Pool;
  let locker: ResourceLocker;
  let warehouse: Warehouse;

  beforeEach(() => {
    pool = new pg.Pool({ connectionString: service.url, max: 3 });
    pool.on('error', () => {});
    locker = createLocker({ store: memoryStore() });
    warehouse = createWarehouse({ pool, locker });
  });
  afterEach(async () => {
    await locker.close();
    if (!pool.ending) await pool.end();
  });

  test('whatever returns `this` returns the stand-in: the statement after `on` is judged like any other', async () => {
    const guarded = warehouse.guard();
    const chained: unknown[] = ['on', 'once', 'addListener', 'prependListener', 'prependOnceListener', 'off', 'removeListener'].map(
      (name) => (guarded as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.('error', () => {}),
    );
    chained.push(guarded.setMaxListeners(20), guarded.removeAllListeners('nothing'), guarded.valueOf());
    for (const each of chained) expect(each === guarded).toBe(true);
    const client = await guarded.connect();
    expect(client.on('notice', () => {}) === client).toBe(true);
    client.release();
    const ended = warehouse.transaction('events', (inside) => inside.on('notice', () => {}).query('commit'));
    await expect(ended).rejects.toMatchObject({ code: 'ERR_GIVEWAY_CLIENT' });
  });

  test('listeners are told stand-ins, are the emitter’s `this`, and can be removed', async () => {
    const guarded = warehouse.guard();
    const heard: unknown[] = [];
    const hear = function (this: unknown, client: unknown): void {
      heard.push(this, client);
    };
    guarded.on('acquire', hear).once('connect', hear);
    const client = await guarded.connect();
    expect(heard.length).toBe(4);
    expect(heard.every((each) => each === guarded || each === client)).toBe(true);
    client.release();
    expect(guarded.listeners('acquire')).toEqual([hear]);
    guarded.off('acquire', hear);
    (await guarded.connect()).release();
    expect(heard.length).toBe(4);
    const [told] = await Promise.all([once(guarded, 'acquire'), guarded.connect().then((next) => next.release())]);
    expect(innerOf(pool).has(told[0])).toBe(false);
  });

  test('the error of an idle client does not lead to it', async () => {
    const guarded = warehouse.guard();
    const client = await guarded.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    client.release();
    const inner = innerOf(pool);
    const failed = new Promise<unknown[]>((resolve) => guarded.on('error', (...args: unknown[]) => resolve(args)));
    const other = new pg.Client(service.url);
    await other.connect();
    await other.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await other.end();
    expect((await failed).some((each) => leadsTo(inner, each))).toBe(false);
  });

  test('no method and no property of pg’s Pool and Client leads to an inner object', async () => {
    const names = namesOf(pool);
    const clientNames = namesOf(new pg.Client());
    const call = fc.record({ name: fc.nat(), way: fc.nat(3), event: fc.nat() });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('pool', 'client', 'transaction'),
        fc.array(call, { minLength: 1, maxLength: 8 }),
        async (kind, calls) => {
          const own = new pg.Pool({ connectionString: service.url, max: 3 });
          own.on('error', () => {});
          const mine = createWarehouse({ pool: own, locker });
          const act = async (target: object, all: readonly PropertyKey[], events: readonly string[]): Promise<void> => {
            const results: unknown[] = [target];
            const clients = [...innerOf(own)].filter((each): each is pg.Client => each instanceof pg.Client);
            for (const client of clients) client.on('error', () => {});
            for (const { name, way, event } of calls)
              results.push(await outcomeOf(target, all[name % all.length] as PropertyKey, way, events[event % events.length] as string));
            for (const each of [own, ...clients] as EventEmitter[]) each.on('error', () => {});
            for (const client of clients)
              for (const event of clientEvents) client.emit(event, Object.assign(new Error(event), { client }), client);
            for (const event of poolEvents)
              own.emit(event, ...(event === 'error' ? [new Error('idle'), clients[0]] : [clients[0], clients[0]]));
            const inner = innerOf(own);
            for (const each of [...clients, own]) inner.add(each);
            for (const result of results) if (leadsTo(inner, result)) throw new Error('led to an inner object');
          };
          if (kind === 'pool') await act(mine.guard(), names, poolEvents);
          if (kind === 'client') await act(await mine.guard().connect(), clientNames, clientEvents);
          if (kind === 'transaction')
            await mine.transaction('events', (client) => act(client, clientNames, clientEvents)).catch(rethrowLed);
          destroy(own);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  test('each method and property by itself leads to no inner object', async () => {
    const own = new pg.Pool({ connectionString: service.url, max: 30 });
    const guarded = createWarehouse({ pool: own, locker }).guard();
    const client = await guarded.connect();
    const targets = [
      [guarded, poolEvents],
      [client, clientEvents],
    ] as const;
    for (const [target, events] of targets) {
      for (const name of namesOf(target).filter((each) => each !== 'end' && each !== 'release' && each !== 'emit')) {
        for (let way = 0; way < 4; way++) {
          const results = await outcomeOf(target, name, way, events[way % events.length] as string);
          expect([name, way, results.some((each) => leadsTo(innerOf(own), each))]).toEqual([name, way, false]);
        }
      }
    }
    destroy(own);
  }, 60_000);

  test('what is set on a stand-in stays there where it has its own, and goes to the target where not', async () => {
    const guarded = warehouse.guard() as pg.Pool & { label?: string };
    const query = pool.query;
    guarded.label = 'mine';
    guarded.query = (() => 'replaced') as never;
    expect(guarded.query('delete from events')).toBe('replaced');
    expect(pool).toMatchObject({ label: 'mine' });
    expect(pool.query === query).toBe(true);
    const client = await guarded.connect();
    Object.assign(client, { _mine: { of: 'theirs' } });
    expect((client as { _mine?: unknown })._mine).toEqual({ of: 'theirs' });
    client.release();
  });

  test('what a subclass adds sends through the guard', async () => {
    class Tidy extends pg.Pool {
      tidy(): Promise<unknown> {
        return this.query('delete from events');
      }
    }
    const own = new Tidy({ connectionString: service.url });
    await own.query('create table events (id int)');
    const acquired: unknown[] = [];
    locker.on('acquired', ({ scope }) => acquired.push(scope.writes));
    await (warehouse.guard(own) as Tidy).tidy();
    expect(acquired).toEqual([['events']]);
    await own.end();
  });
});

describe('without a server', () => {
  test('a method keeps being the same, classes can be made, and once is once', () => {
    const target = Object.assign(new EventEmitter(), { Made: class Made {} });
    const stand = standIn(target, { methods: { own: () => 'ours' } });
    expect(stand.on).toBe(stand.on);
    expect(new stand.Made()).toBeInstanceOf(target.Made);
    expect((stand as unknown as { own(): string }).own()).toBe('ours');
    const heard: unknown[] = [];
    stand.prependOnceListener('x', (value) => heard.push(value, 'first')).on('x', (value) => heard.push(value));
    for (const value of [1, 2]) target.emit('x', value);
    expect(heard).toEqual([1, 'first', 1, 2]);
    const never = (): void => void heard.push('never');
    stand.once('y', never).off('y', never);
    target.emit('y');
    expect(heard.length).toBe(4);
    expect(() => stand.on('x', 7 as never)).toThrow('must be of type function');
  });
});

function rethrowLed(error: Error): void {
  if (error.message === 'led to an inner object') throw error;
}
