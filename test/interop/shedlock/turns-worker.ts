/** giveway's side of mixed turns: `jdbc <url>` or `redis <port> <environment>`; then lines `turns <name> <count> <marker>`, each answered with one. */
import { open, unlink } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { createLocker, type LockStore } from '../../../src/index.ts';
import { shedlockRedis, shedlockTable } from '../../../src/stores/shedlock/index.ts';

const [kind, address = '', environment = ''] = process.argv.slice(2);

/** Two JVMs start beside it. */
const timeoutMs = 20_000;

function openStore(): LockStore {
  if (kind === 'jdbc') return shedlockTable({ connectionString: address, usingDbTime: true, timeoutMs });
  return shedlockRedis({ client: new Redis(Number(address), '127.0.0.1'), environment, timeoutMs });
}

const store = openStore();
const locker = createLocker({ store, onStoreDown: 'throw', retry: { maxWaitMs: 120_000, delayMs: 5, maxDelayMs: 10 } });

/** Whoever holds the lock alone can make the marker. */
async function turns(name: string, count: number, marker: string): Promise<string> {
  let overlaps = 0;
  let longestMs = 0;
  for (let turn = 0; turn < count; turn++) {
    const startMs = performance.now();
    await using lock = await locker.lock(name);
    longestMs = Math.max(longestMs, performance.now() - startMs);
    try {
      await (await open(marker, 'wx')).close();
      await sleep(1);
      await unlink(marker);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      overlaps++;
    }
    if (!(await lock.unlock())) overlaps++;
    await sleep(1);
  }
  return `overlaps ${overlaps}, longest wait ${Math.round(longestMs)} ms`;
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [, name = '', count = '', marker = ''] = line.split(' ');
  console.log(await turns(name, Number(count), marker).catch((error) => `error ${error}`));
}
await locker.close();
process.exit(0);
