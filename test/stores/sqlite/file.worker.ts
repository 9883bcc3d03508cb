/** A process of a host: does what its argument says on the file of its environment, and tells each step as a line of JSON. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createLocker } from '../../../src/index.ts';
import { sqliteStore } from '../../../src/stores/sqlite/index.ts';

const [task = '', path = ''] = process.argv.slice(2);
const store = sqliteStore({ file: process.env['LOCK_FILE'] ?? '', timeoutMs: 10_000 });
const locker = createLocker({ store, ttlMs: 1_000, job: task, onStoreDown: 'throw' });

function tell(what: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
}

const tasks: Record<string, () => Promise<void>> = {
  /** Takes the lock and sits on it. */
  async hold() {
    await locker.lock('events');
    tell('held');
    setInterval(() => {}, 1_000);
  },
  /** Adds one to the number in a file, under the lock, as often as it is told. */
  async count() {
    for (let round = 0; round < 25; round += 1) {
      await locker.run(
        'events',
        async () => {
          const number = Number(readFileSync(path, 'utf8'));
          await new Promise((resolve) => setImmediate(resolve));
          writeFileSync(path, String(number + 1));
        },
        { onBusy: 'retry', retry: { maxWaitMs: 60_000 } },
      );
    }
  },
  /** Writes as fast as it can, until it is killed. */
  async write() {
    let version = await store.create('written', '0', 60_000);
    tell('writing');
    for (let beat = 1; version !== undefined; beat += 1) version = await store.replace('written', String(beat), version, 60_000);
    tell('refused');
  },
  /** Writes one lock, and has nothing left to do. */
  async once() {
    const version = await store.create('once', 'value', 60_000);
    const heard = new Promise((resolve) => store.subscribe?.('once', resolve));
    if (version) await store.remove('once', version);
    await heard;
  },
};

void tasks[task]?.().then(
  () => tell('end'),
  (error: unknown) => {
    tell('failed', { message: (error as Error).message });
    process.exitCode = 1;
  },
);
