/** Turn after turn under one key, as Turns.java does: `node --import tsx turns.node.ts ENDPOINT TABLE OWNER LEASE_MS FILE`. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LockClient } from '../../../src/leases/index.ts';
import { dynamodbStore } from '../../../src/stores/dynamodb/index.ts';

const [endpoint = '', tableName = '', ownerName = '', leaseMs = '', inside = ''] = process.argv.slice(2);
const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
const dynamo = new DynamoDBClient({ endpoint, region: 'eu-west-1', credentials });
const store = dynamodbStore({ client: dynamo, tableName, layout: 'lock-client', timeoutMs: 10_000 });
const leaseDurationMs = Number(leaseMs);
const client = new LockClient({ store, ownerName, leaseDurationMs, heartbeatPeriodMs: leaseDurationMs / 4 });

/** Whoever is in there was killed, or it is an overlap: whoever reads this knows which. */
function enter(me: string): void {
  try {
    writeFileSync(inside, me, { flag: 'wx' });
  } catch {
    process.stdout.write(`met\t${me}\t${readFileSync(inside, 'utf8')}\n`);
    writeFileSync(inside, me);
  }
}

for (let turn = 0; ; turn++) {
  const askedMs = performance.now();
  const item = await client.acquireLock({
    partitionKey: 'Customer:42',
    replaceData: false,
    data: '0',
    deleteLockOnRelease: false,
    refreshPeriodMs: 10,
    additionalTimeToWaitForLockMs: 120_000,
  });
  const takenMs = performance.now();
  const me = `${ownerName} ${turn}`;
  enter(me);
  const count = Number(String(item.data));
  await sleep(3);
  rmSync(inside, { force: true });
  const heldMs = Math.round(performance.now() - takenMs);
  const released = await client.releaseLock({ lockItem: item, deleteLock: false, data: String(count + 1) });
  process.stdout.write(`turn\t${me}\t${count}\t${released}\t${Math.round(takenMs - askedMs)}\t${heldMs}\n`);
}
