/** Run by node: locks and unlocks over each store named, closes nothing, and so must end by itself. */
import { loadLocker } from '../../src/config/index.ts';

async function main(): Promise<void> {
  for (const store of process.argv.slice(2)) {
    const locker = await loadLocker({ cwd: '/', env: {}, overrides: { store } });
    const lock = await locker.lock('events');
    console.log(lock.isProtected, await lock.unlock());
  }
}

void main();
