/** A giveway of before and one of now keep each other out, on what either left in each backend by the defaults of each store. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { etcdStore } from '../../src/stores/etcd/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { momentoStore } from '../../src/stores/momento/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';
import { redisStore } from '../../src/stores/redis/index.ts';
import { zookeeperStore } from '../../src/stores/zookeeper/index.ts';
import { type MomentoServer, momentoServer } from '../support/momento-server.ts';
import { describeWith } from '../support/shared.ts';
import { type Kind, kinds, open, type Raw } from './raw.ts';

type Version = '0.1.0' | 'now';
const { written } = JSON.parse(readFileSync(join(__dirname, 'recorded.json'), 'utf8')) as {
  written: Record<Version, Record<Kind, string>>;
};
const stores = { dynamodbStore, etcdStore, memcachedStore, momentoStore, postgresStore, redisStore, zookeeperStore };

for (const kind of kinds) {
  if (kind === 'momento') describe('with momento', () => respected(kind, momento()));
  else describeWith(kind, (service) => respected(kind, async () => service.url));
}

/** A stand-in of this file's own. */
function momento(): () => Promise<string> {
  let server: MomentoServer | undefined;
  afterAll(() => server?.stop());
  return async () => {
    server = await momentoServer();
    return String(server.port);
  };
}

function respected(kind: Kind, urlOf: () => Promise<string>): void {
  let raw: Raw;
  const lockers: ResourceLocker[] = [];
  beforeAll(async () => {
    raw = await open[kind](stores, await urlOf());
  }, 90_000);
  afterAll(async () => {
    for (const locker of lockers) await locker.close();
    await raw.close();
  });

  function lockerIn(namespace: string): ResourceLocker {
    const locker = createLocker({ store: raw.store, namespace, host: 'etl-1', job: 'recorded', heartbeat: false });
    lockers.push(locker);
    return locker;
  }

  test.each(['0.1.0', 'now'] as const)('%s left it: it is seen, and nobody gets in beside it', async (version) => {
    await raw.put(`recorded-${version}:events`, written[version][kind]);
    const locker = lockerIn(`recorded-${version}`);
    expect(await locker.inspect('events')).toMatchObject([{ job: 'recorded', mode: 'write', state: 'holding' }]);
    for (const scope of ['events', { appends: 'events' }, { reads: 'events' }]) expect(await locker.tryLock(scope)).toBeUndefined();
    expect(await raw.get(`recorded-${version}:events`)).toBe(written[version][kind]);
  });

  test('what is recorded as of now is what is written now; else record it again', async () => {
    const locker = lockerIn('recorded-again');
    const lock = await locker.lock('events');
    const shape = shapeOf(await raw.get('recorded-again:events'));
    await lock.unlock();
    expect(shape).toBe(shapeOf(written.now[kind]));
    expect(shape).toMatch(kind === 'dynamodb' ? /givewayVersion/ : /holders|^\w+ \w+ \w+$/);
  });
}

/** Without what differs from one acquisition, or one table, to the next. */
function shapeOf(raw: string): string {
  const text = raw
    .split(' ')
    .map((word) => (/^[\w+/=-]{80,}$/.test(word) ? Buffer.from(word, 'base64').toString() : word))
    .join(' ');
  return text
    .replace(/recorded-(?:now|again)/g, 'namespace')
    .replace(/"B":"([^"]+)"/g, (_, data: string) => Buffer.from(data, 'base64').toString())
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}|[\w-]{22}(?= )|\d+/g, '…')
    .replace(/"ownerName":\{"S":"[^"]*"\}/, '"ownerName"');
}
