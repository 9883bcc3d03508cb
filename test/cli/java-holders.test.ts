/** Locks of Java programs, as Amazon's client and ShedLock write them: `status`, `why` and the page say whose they are, and since when. */
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { createDashboard } from '../../src/dashboard/index.ts';
import { createLocker, type LockStore } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { shedlockTable } from '../../src/stores/shedlock/index.ts';
import { clientFor, storeWithTable } from '../stores/dynamodb/tables.ts';
import { shedlockDdl } from '../stores/shedlock/stage.ts';
import { query } from '../support/services.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { giveway } from './in-process.ts';

interface Shown {
  readonly since?: string;
  readonly sinceMs?: number;
}

/** What each of them shows of the only holder of `Customer:42`. */
function showTheHolder(
  setUp: () => { readonly url: string; readonly env?: Record<string, string>; readonly store: () => LockStore },
): void {
  const ask = (...args: string[]) => {
    const { url, env } = setUp();
    return giveway([...args, '--store', url], { env: { ...env } });
  };
  const isNow = (time: string | number | undefined): void =>
    expect(Math.abs(new Date(time ?? 0).getTime() - Date.now())).toBeLessThan(20_000);

  test('status lists it, among what the store has, with its owner and since when', async () => {
    const { code, out, err } = await ask('status', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [only, ...others] = JSON.parse(out) as { resource: string; state: string; holders: readonly Shown[] }[];
    expect(others).toEqual([]);
    expect(only).toMatchObject({ resource: 'Customer:42', state: 'held', holders: [{ host: 'warehouse-7', mode: 'write' }] });
    isNow(only?.holders[0]?.since);
    expect((await ask('status')).out).toMatch(/^Customer:42 +held +write +- +warehouse-7 /m);
  });

  test('why names it', async () => {
    const { code, out } = await ask('why', 'Customer:42');
    expect(code).toBe(0);
    expect(out).toMatch(/^Customer:42 is held\.\n {2}held by a job without a name \(write\) on warehouse-7, /);
    const { holders } = JSON.parse((await ask('why', 'Customer:42', '--json')).out) as { holders: readonly Shown[] };
    expect(holders).toMatchObject([{ host: 'warehouse-7', mode: 'write', state: 'holding' }]);
    isNow(holders[0]?.since);
  });

  test('the page shows it', async () => {
    const shown = createLocker({ store: setUp().store(), closesStore: true });
    const dashboard = createDashboard({ locker: shown, resources: ['Customer:42'] });
    const { tables } = (await (await dashboard(new Request('http://localhost/api/view'))).json()) as {
      tables: readonly { title: string; state: string; holders: readonly Shown[] }[];
    };
    expect(tables).toMatchObject([{ title: 'Customer:42', state: 'held', holders: [{ host: 'warehouse-7', mode: 'write' }] }]);
    isNow(tables[0]?.holders[0]?.sinceMs);
    await shown.close();
  });
}

describeWith('dynamodb', (service) => {
  const tableName = uniqueName('java');
  let client: DynamoDBClient;
  const open = () => ({ client, tableName, layout: 'lock-client', timeoutMs: 5_000 }) as const;

  beforeAll(async () => {
    client = clientFor(service.url);
    const store = await storeWithTable(client, open());
    await store.close();
    const item = {
      key: { S: 'Customer:42' },
      ownerName: { S: 'warehouse-7' },
      leaseDuration: { S: '60000' },
      recordVersionNumber: { S: 'a9d3ff9c-54ff-4a0a-b1a5-3f4cbb1ee0b5' },
      data: { B: Buffer.from('its work') },
    };
    await client.send(new PutItemCommand({ TableName: tableName, Item: item }));
  });
  afterAll(() => client.destroy());

  describe("an item of Amazon's client", () => {
    const parameters = () => new URLSearchParams({ layout: 'lock-client', region: 'eu-west-1', endpoint: service.url, timeoutMs: '5000' });
    const env = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'very-secret' };
    beforeAll(() => void Object.assign(process.env, env));
    showTheHolder(() => ({ url: `dynamodb://${tableName}?${parameters()}`, env, store: () => dynamodbStore(open()) }));
  });
});

describeWith('postgres', (service) => {
  let pool: Pool;
  beforeAll(async () => {
    pool = new Pool({ connectionString: service.url, max: 2 });
    await query(service.url, shedlockDdl);
    await pool.query(
      `insert into shedlock (name, lock_until, locked_at, locked_by)
       values ('Customer:42', timezone('utc', clock_timestamp()) + interval '1 minute', timezone('utc', clock_timestamp()), 'warehouse-7')`,
    );
  });
  afterAll(() => pool.end());

  describe('a row of ShedLock', () => {
    const withDbTime = (): string => `${service.url}${service.url.includes('?') ? '&' : '?'}usingDbTime=true`;
    showTheHolder(() => ({ url: `shedlock+${withDbTime()}`, store: () => shedlockTable({ pool, usingDbTime: true }) }));
  });
});
