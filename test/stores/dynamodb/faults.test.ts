import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../../src/lock/store.ts';
import { type DynamodbStoreOptions, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { freePort } from '../../support/free-port.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { timed } from '../../support/stopwatch.ts';
import { type Front, type FrontFault, startFront } from './front.ts';
import { clientFor } from './tables.ts';

const minute = 60_000;
const timeoutMs = 1_200;
const slackMs = 1_000;

async function failure(call: Promise<unknown>): Promise<Error & { code?: string }> {
  return call.then(
    () => {
      throw new Error('it did not fail');
    },
    (error) => error,
  );
}

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('locks');
  let front: Front;
  let client: DynamoDBClient;
  let keys = 0;
  const freshKey = (): string => `key ${keys++}`;
  const open = (options: Partial<DynamodbStoreOptions> = {}): LockStore => dynamodbStore({ client, tableName, timeoutMs, ...options });

  beforeAll(async () => {
    front = await startFront(service.url);
    client = clientFor(front.url);
    await dynamodbStore({ client, tableName }).createTable();
  });
  afterEach(() => front.heal());
  afterAll(async () => {
    client.destroy();
    await front.close();
  });

  describe('a lost answer', () => {
    const losses: [FrontFault, number][] = [
      ['lost', 1],
      ['lost', 3],
      ['failed', 3],
      ['silent', 1],
    ];
    // Half of it for the write, and half for the look at what became of it, which a loaded machine must manage too.
    const patient = { timeoutMs: 2 * timeoutMs };

    test.each(losses)('%s %i times: a create, a replace and a remove that took effect say so', async (fault, times) => {
      const store = open(patient);
      const key = freshKey();
      front.break('PutItem', fault, times);
      const created = await store.create(key, 'first', minute);
      expect(created).toBeDefined();
      front.break('PutItem', fault, times);
      const replaced = await store.replace(key, 'second', created as Version, minute);
      expect(replaced).toBeDefined();
      expect((await open().read(key))?.value).toBe('second');
      front.break('UpdateItem', fault, times);
      const appended = await store.append?.(key, ', third', replaced as Version);
      expect(await open().read(key)).toEqual({ value: 'second, third', version: appended });
      front.break('DeleteItem', fault, times);
      expect(await store.remove(key, appended as Version)).toBe(true);
      expect(await open().read(key)).toBeUndefined();
      expect(await store.create(key, 'usable', minute)).toBeDefined();
    });

    test.each(losses)('%s %i times: a create, a replace and a remove that were refused say so', async (fault, times) => {
      const [store, other] = [open(patient), open()];
      const key = freshKey();
      const stale = (await store.create(key, 'first', minute)) as Version;
      await other.replace(key, 'theirs', stale, minute);
      front.break('PutItem', fault, times);
      expect(await store.create(key, 'mine', minute)).toBeUndefined();
      front.break('PutItem', fault, times);
      expect(await store.replace(key, 'mine', stale, minute)).toBeUndefined();
      front.break('UpdateItem', fault, times);
      expect(await store.append?.(key, ', mine', stale)).toBeUndefined();
      front.break('DeleteItem', fault, times);
      expect(await store.remove(key, stale)).toBe(false);
      expect((await store.read(key))?.value).toBe('theirs');
    });

    test.each(losses)('%s %i times: a release that keeps the item is told from one that came before', async (fault, times) => {
      const store = open({ ...patient, keepReleased: true });
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      front.break('UpdateItem', fault, times);
      expect(await store.remove(key, version)).toBe(true);
      expect(await store.remove(key, version)).toBe(false);
    });

    test('a write that may still be under way is an error, within the deadline, and the store is usable', async () => {
      const store = open();
      const key = freshKey();
      front.break('PutItem', 'unheard');
      const { value, awakeMs } = await timed(failure(store.create(key, 'value', minute)));
      expect(value).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      const version = (await store.create(key, 'value', minute)) as Version;
      front.break('PutItem', 'unheard');
      expect(await failure(store.replace(key, 'next', version, minute))).toMatchObject({ name: 'StoreUnavailableError' });
      front.break('DeleteItem', 'unheard');
      expect(await failure(store.remove(key, version))).toMatchObject({ name: 'StoreUnavailableError' });
      expect(await store.remove(key, version)).toBe(true);
    });

    test('when nothing is heard at all, write and look together keep to the one deadline', async () => {
      const store = open();
      front.break('PutItem', 'unheard', 9);
      front.break('GetItem', 'unheard', 9);
      const write = await timed(failure(store.create(freshKey(), 'value', minute)));
      expect(write.value).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
      expect(write.awakeMs).toBeLessThan(timeoutMs + slackMs);
      const read = await timed(failure(store.read(freshKey())));
      expect(read.value).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
      expect(read.awakeMs).toBeLessThan(timeoutMs + slackMs);
    });

    test('after the deadline nothing is sent any more', async () => {
      const store = open({ timeoutMs: 400 });
      front.break('PutItem', 'unheard', 9);
      front.break('GetItem', 'unheard', 9);
      await failure(store.create(freshKey(), 'value', minute));
      front.forget();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(front.operations).toEqual([]);
    });
  });

  describe('broken is never busy', () => {
    test('throttling is an error, and no further load', async () => {
      const store = open();
      const key = freshKey();
      front.forget();
      front.break('PutItem', 'throttled', 9);
      const error = await failure(store.create(key, 'value', minute));
      expect(error).toMatchObject({ name: 'StoreUnavailableError', cause: { name: 'ProvisionedThroughputExceededException' } });
      expect(error.message).toMatch(/throttled.*capacity/);
      expect(new Set(front.operations)).toEqual(new Set(['PutItem']));
      front.break('GetItem', 'throttled', 9);
      expect(await failure(store.read(key))).toMatchObject({ name: 'StoreUnavailableError' });
    });

    test('a throttled request that the SDK sends again in time is none', async () => {
      // A client of its own: the faults above have used up what the SDK allows one client to send again.
      const fresh = clientFor(front.url);
      front.break('PutItem', 'throttled');
      expect(await open({ client: fresh, timeoutMs: 10_000 }).create(freshKey(), 'value', minute)).toBeDefined();
      fresh.destroy();
    });

    test('a release that was throttled, sent again and refused is a no: what is gone was not released by it', async () => {
      const fresh = clientFor(front.url);
      const store = open({ client: fresh, timeoutMs: 10_000 });
      const key = freshKey();
      const version = (await store.create(key, 'value', minute)) as Version;
      expect(await open().remove(key, version)).toBe(true);
      front.break('DeleteItem', 'throttled');
      expect(await store.remove(key, version)).toBe(false);
      fresh.destroy();
    });

    test('a client that still looks for its credentials: an error that says so, and nothing is sent', async () => {
      front.forget();
      const slow = new DynamoDBClient({ endpoint: front.url, region: 'eu-west-1', credentials: () => new Promise<never>(() => {}) });
      const store = open({ client: slow, timeoutMs: 200 });
      for (const call of [() => store.create(freshKey(), 'value', minute), () => store.read(freshKey())]) {
        expect(await failure(call())).toMatchObject({
          name: 'StoreUnavailableError',
          code: 'ERR_GIVEWAY_STORE_TIMEOUT',
          message: expect.stringMatching(/nothing was sent within \d+ ms.*credentials/),
        });
      }
      expect(front.operations).toEqual([]);
      slow.destroy();
    });

    test('a service that fails over and over: an error that says so', async () => {
      front.break('GetItem', 'failed', 9);
      const error = await failure(open({ timeoutMs: 10_000 }).read(freshKey()));
      expect(error.message).toMatch(/the service itself failed \(InternalServerError\)/);
    });

    test.each<[string, FrontFault, RegExp]>([
      ['a role that may not', 'denied', /role needs dynamodb:PutItem/],
      ['credentials nobody knows', 'unknown-token', /credentials were not accepted/],
    ])('%s: an error that says so', async (_name, fault, message) => {
      front.break('PutItem', fault, 9);
      const { value: error, awakeMs } = await timed(failure(open().create(freshKey(), 'value', minute)));
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(message) });
      expect(error?.message).not.toMatch(/AKIATEST|very-secret/);
    });

    test('a table that is not there, or has other keys: an error that says so', async () => {
      const missing = uniqueName('missing');
      const { value: error, awakeMs } = await timed(failure(open({ tableName: missing }).create(freshKey(), 'value', minute)));
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
      expect(error).toMatchObject({
        name: 'StoreUnavailableError',
        message: expect.stringMatching(`Create "${missing}" with store.createTable`),
      });
      const otherKey = open({ partitionKeyName: 'id' });
      for (const call of [() => otherKey.create('k', 'v', minute), () => otherKey.read('k')]) {
        expect(await failure(call())).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/partitionKeyName/) });
      }
    });
  });
});

describe('another server, or none, at the endpoint', () => {
  test.each<[string, () => Server, RegExp]>([
    ['a web site', () => createHttpServer((_, response) => response.end('<h1>hello</h1>')), /does not speak DynamoDB/],
    [
      'a server that greets in its own way',
      () => createTcpServer((socket) => socket.on('error', () => {}).end('220 hello\r\n')),
      /does not speak DynamoDB/,
    ],
    [
      'a server that hangs up',
      () => createTcpServer((socket) => socket.on('error', () => {}).destroy()),
      /the connection failed \(ECONNRESET\)/,
    ],
    ['a server that says nothing', () => createTcpServer((socket) => socket.on('error', () => {})), /no answer within/],
  ])('%s: an error that says so, within the deadline', async (_name, make, message) => {
    const server = make().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = clientFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const store = dynamodbStore({ client, tableName: 'locks', timeoutMs });
    for (const call of [() => store.create('k', 'v', minute), () => store.read('k')]) {
      const { value, awakeMs } = await timed(failure(call()));
      expect(value).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(message) });
      expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
    }
    client.destroy();
    server.close();
  });

  test('a server without TLS, asked for it: an error that says so', async () => {
    const server = createHttpServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = clientFor(`https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const error = await failure(dynamodbStore({ client, tableName: 'locks', timeoutMs }).create('k', 'v', minute));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/\(EPROTO\).*http or https/) });
    client.destroy();
    server.close();
  });

  const fails = (error: object) => async () => Promise.reject(Object.assign(new Error('for very-secret'), error));
  test.each<[string, DynamoDBClientConfig, RegExp]>([
    ['no region', { region: fails({ message: 'Region is missing' }) }, /the client has no region. Give it one, or set AWS_REGION/],
    ['no credentials', { credentials: fails({ name: 'CredentialsProviderError' }) }, /the client found no credentials \(Cred.*role/],
    ['a provider of credentials that fails', { credentials: fails({}) }, /failed \(Error\).*Check .*region, credentials and endpoint/],
    ['an endpoint that is none', { endpoint: 'nonsense' }, /failed \(ERR_INVALID_URL\).*Check .*region, credentials and endpoint/],
  ])('a client with %s: an error that says what to do', async (_name, config, message) => {
    const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'very-secret' };
    const client = new DynamoDBClient({ region: 'eu-west-1', credentials, ...config });
    const error = await failure(dynamodbStore({ client, tableName: 'locks', timeoutMs }).create('k', 'v', minute));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(message) });
    expect(error.message).not.toContain('very-secret');
    client.destroy();
  });

  test('nobody listens: an error that says so', async () => {
    const client = clientFor(`http://127.0.0.1:${await freePort()}`);
    const store = dynamodbStore({ client, tableName: 'locks', timeoutMs });
    const error = await failure(store.create('k', 'v', minute));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(/cannot be reached \(ECONNREFUSED\)/) });
    client.destroy();
  });
});
