/**
 * A worker process for tests: does what its argument says, on the store and namespace of its environment, and tells each
 * step as a line of JSON.
 */
import { createLocker } from '../../src/index.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';

const [task = '', resource = 'events'] = process.argv.slice(2);
const store = memcachedStore({ servers: process.env['MEMCACHED'] ?? '' });
const locker = createLocker({ store, namespace: process.env['NAMESPACE'] ?? 'giveway', ttlMs: 1_000, job: task });

function tell(what: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
}

process.on('unhandledRejection', (reason) => {
  tell('unhandled', { reason: String(reason) });
  process.exit(70);
});

const tasks: Record<string, () => Promise<void>> = {
  /** Takes the lock and sits on it. */
  async hold() {
    const lock = await locker.lock(resource);
    tell('held', { token: lock.token });
    lock.signal.addEventListener('abort', () => tell('lost', { reason: lock.signal.reason.reason }));
    setInterval(() => {}, 1_000);
  },
  /** Writes every few milliseconds, each time after a look at the signal, as careful work does. */
  async write() {
    const lock = await locker.lock(resource);
    tell('held');
    const writing = setInterval(() => {
      if (!lock.signal.aborted) return tell('write');
      tell('stopped', { reason: lock.signal.reason.reason });
      clearInterval(writing);
    }, 5);
  },
  /** Blocks its event loop for longer than the lock lives. */
  async stall() {
    const lock = await locker.lock(resource);
    tell('held');
    const end = Date.now() + 1_500;
    while (Date.now() < end);
    tell('awake', { aborted: lock.signal.aborted, reason: (lock.signal.reason as { reason?: string } | undefined)?.reason });
  },
  /** Takes, works, lets go, and has nothing left to do. */
  async once() {
    const outcome = await locker.run(resource, () => 'done', { onBusy: 'retry' });
    tell(outcome.status);
  },
  /** Waits for a lock with nothing else to keep the process alive. */
  async wait() {
    tell('waiting');
    const lock = await locker.lock(resource);
    tell('held');
    await lock.unlock();
  },
};

void tasks[task]?.().then(
  () => tell('end'),
  (error: unknown) => {
    tell('failed', { name: (error as Error).name, message: (error as Error).message });
    process.exitCode = 1;
  },
);
