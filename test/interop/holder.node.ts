/**
 * A holder of giveway's in a process that can be killed and stopped: `jdbc <url>` or `dynamodb <endpoint> <table>`; then lines
 * `hold <name> <ttlMs>`, `lost`, `unlock`, each answered with one.
 */
import { createInterface } from 'node:readline';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { createLocker, type Lock, type LockStore } from '../../src/index.ts';
import { dynamodbStore } from '../../src/stores/dynamodb/index.ts';
import { shedlockTable } from '../../src/stores/shedlock/index.ts';

const [kind, address = '', tableName = ''] = process.argv.slice(2);
/** A JVM runs beside it. */
const timeoutMs = 20_000;

function openStore(): LockStore {
  if (kind === 'jdbc') return shedlockTable({ connectionString: address, usingDbTime: true, timeoutMs });
  const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };
  const client = new DynamoDBClient({ endpoint: address, region: 'eu-west-1', credentials });
  return dynamodbStore({ client, tableName, layout: 'lock-client', timeoutMs });
}

const locker = createLocker({ store: openStore(), host: 'node-2', onStoreDown: 'throw' });
let lock: Lock | undefined;

async function answer([word, name = '', ttlMs = '']: readonly string[]): Promise<string> {
  if (word === 'hold') lock = await locker.lock(name, { ttlMs: Number(ttlMs) });
  if (word === 'unlock') return String(await lock?.unlock());
  return `lost ${lock?.signal.aborted}`;
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin }))
  console.log(await answer(line.split(' ')).catch((error) => `error ${error}`));
process.exit(0);
