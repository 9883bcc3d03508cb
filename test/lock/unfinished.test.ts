import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { setInterval as everyMs } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { Job } from 'bullmq';
import pg from 'pg';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { lockedProcessor } from '../../src/jobs/bullmq.ts';
import { schedule } from '../../src/jobs/cron.ts';
import { Locked } from '../../src/jobs/decorators.ts';
import { unfinished } from '../../src/lock/api/unfinished.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { createWarehouse } from '../../src/warehouse/index.ts';
import { describeWith } from '../support/shared.ts';

const refused = { name: 'GivewayError', code: 'ERR_GIVEWAY_UNFINISHED_WORK' };

function* rows(): Generator<number> {
  yield 1;
}

async function* rowsToCome(): AsyncGenerator<number> {
  yield 1;
}

/** As TypeScript makes one for an old target. */
const compiled = { next() {}, return() {}, throw() {}, [Symbol.asyncIterator]: () => compiled };

test.each<[string, () => unknown]>([
  ['a generator object', rows],
  ['a generator object', rowsToCome],
  ['a generator object', () => compiled],
  ['a generator object', () => everyMs(1_000)],
  ['a stream', () => Readable.from([1])],
  ['a stream', () => new PassThrough().end()],
  ['a stream', () => new Writable({ write() {} })],
  ['a stream', () => new ReadableStream()],
  ['a stream', () => new WritableStream()],
  ['a child process', () => spawn(process.execPath, ['-e', '0'])],
])('work that returns %s is refused', async (what, work) => {
  const value = work();
  expect(unfinished(value)).toMatchObject({ ...refused, message: expect.stringContaining(`The work returned ${what}, `) });
  if (what === 'a child process') await once(value as ReturnType<typeof spawn>, 'exit');
  if (what === 'a child process') expect(unfinished(value)).toBeUndefined();
});

const { proxy: mute, revoke } = Proxy.revocable({}, {});
revoke();

class Cursor {
  async next(): Promise<void> {}
  [Symbol.asyncIterator](): this {
    return this;
  }
}

async function used<T extends Readable>(stream: T): Promise<T> {
  await text(stream);
  return stream;
}

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a number', 1],
  ['a text', 'rows'],
  ['a function', rows],
  ['an array', [1]],
  ['a map', new Map([[1, 2]])],
  ["an array's iterator", [1][Symbol.iterator]()],
  ["a map's iterator", new Map([[1, 2]]).entries()],
  ['an iterable', { *[Symbol.iterator]() {} }],
  ['an async iterable', { async *[Symbol.asyncIterator]() {} }],
  ['a cursor', new Cursor()],
  ['an object with the words of a generator', { next() {}, return: 1, throw: undefined }],
  ['a response', new Response('body')],
  ['an object of a null prototype', Object.create(null)],
  ['an object that may not be asked', mute],
])('%s is what work may return', (_, value) => expect(unfinished(value)).toBeUndefined());

test('a stream that was read to its end, or destroyed, is what work may return', async () => {
  expect(unfinished(await used(Readable.from(['a'])))).toBeUndefined();
  expect(unfinished(Readable.from(['a']).destroy())).toBeUndefined();
  const written = new Writable({ write: (_chunk, _encoding, done) => done() }).end('a');
  await finished(written);
  expect(unfinished(written)).toBeUndefined();
  const both = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() });
  both.push(null);
  await once(both.resume(), 'end');
  expect(unfinished(both)).toMatchObject(refused);
});

test('what a handler of a web server returns is what work may return', async () => {
  await using locker = createLocker({ store: memoryStore() });
  const outcomes: unknown[] = [];
  const server = createServer(async (_, response) => {
    outcomes.push(await locker.run('events', () => response.end('done')).then(({ status }) => status));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('done');
  server.close();
  server.closeAllConnections();
  expect(outcomes).toEqual(['ran']);
});

class QueryBuilder {
  // biome-ignore lint/suspicious/noThenProperty: it is one
  then(done: (rows: readonly number[]) => void): void {
    done([1]);
  }
}

/** Each way to run work under a lock, for work that returns `value`. */
const ways: [string, (locker: ResourceLocker, value: () => unknown) => Promise<unknown>][] = [
  ['run', (locker, value) => locker.run('events', value)],
  ['run of an async function', (locker, value) => locker.run('events', async () => value())],
  ['run inside a run', async (locker, value) => locker.run('events', async () => (await locker.run('events', value)).status)],
  ['wrap', (locker, value) => locker.wrap('events', value)()],
  [
    '@Locked',
    (locker, value) => {
      class Service {
        @Locked('events', { locker })
        async load(): Promise<unknown> {
          return value();
        }
      }
      return new Service().load();
    },
  ],
  [
    'lockedProcessor',
    (locker, value) => lockedProcessor(locker, 'events', value as () => Promise<unknown>)({ queueName: 'q', name: 'j' } as Job),
  ],
  [
    'schedule',
    async (locker, value) => {
      const options = { locker, scope: 'events', logger: { info() {}, warn() {}, error() {}, debug() {} } };
      const task = schedule('0 0 1 1 *', value, options);
      return task.execute().finally(() => task.destroy());
    },
  ],
];

test.each(ways)('%s refuses it, and lets go', async (_, way) => {
  await using locker = createLocker({ store: memoryStore() });
  for (const value of [rows, rowsToCome, () => Readable.from([1])]) {
    await expect(way(locker, value)).rejects.toMatchObject(refused);
    expect(locker.held()).toEqual([]);
    expect(await (await locker.tryLock('events'))?.unlock()).toBe(true);
  }
  // What can be awaited is awaited.
  await expect(way(locker, () => new QueryBuilder())).resolves.toBeDefined();
});

describeWith('postgres', (service) => {
  test('transaction refuses it, and lets go', async () => {
    await using locker = createLocker({ store: memoryStore() });
    const pool = new pg.Pool({ connectionString: service.url, max: 2 });
    const warehouse = createWarehouse({ pool, locker });
    await pool.query('create table if not exists unfinished (n int)');
    await expect(
      warehouse.transaction('events', async (client) => {
        await client.query('insert into unfinished values (1)');
        return rowsToCome();
      }),
    ).rejects.toMatchObject(refused);
    // Nothing of it was committed, so whoever mends the work runs it once.
    expect(await pool.query('select n from unfinished')).toMatchObject({ rows: [] });
    await pool.query('drop table unfinished');
    expect(locker.held()).toEqual([]);
    expect(await warehouse.transaction('events', (client) => client.query('select 1 as one'))).toMatchObject({ rows: [{ one: 1 }] });
    await pool.end();
  });
});
