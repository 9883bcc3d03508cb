/** Takes one table again and again, as worker.py does: STORE TABLE TURNS HOLD_MS FOLDER. Tells each step as a line of JSON. */
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker } from '../../src/index.ts';
import { openStore } from './open-store.ts';

const [address = '', table = '', turns = '', holdMs = '', folder = ''] = process.argv.slice(2);

function tell(what: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), ...more })}\n`);
}

/** One at a time, or the file is there already, or a count is lost. */
async function turn(): Promise<void> {
  const [inside, count] = [join(folder, 'inside'), join(folder, 'count')];
  try {
    writeFileSync(inside, '', { flag: 'wx' });
  } catch {
    tell('overlap');
  }
  const before = Number(readFileSync(count, 'utf8'));
  await sleep(Number(holdMs));
  writeFileSync(count, String(before + 1));
  try {
    rmSync(inside);
  } catch {
    tell('overlap');
  }
}

const { store, end } = openStore(address);
const locker = createLocker({ store, namespace: process.env['NAMESPACE'] ?? '', job: 'node', closesStore: true });
let longestMs = 0;
tell('ready');
await once(process.stdin, 'data');
for (let left = Number(turns); left > 0; left--) {
  const outcome = await locker.run(table, turn, { ttlMs: Number(process.env['TTL_MS']), retry: { maxWaitMs: 60_000 }, onBusy: 'retry' });
  if (outcome.status !== 'ran' || outcome.release !== 'released') tell('lost', { outcome });
  longestMs = Math.max(longestMs, Math.round(outcome.waitedMs));
}
tell('end', { longestMs });
await locker.close();
end();
process.stdin.unref();
