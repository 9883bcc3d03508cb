import { setTimeout as sleep } from 'node:timers/promises';
import { createLocker, type ResourceLocker } from '../../src/index.ts';
import { clockSkewMs } from '../../src/lock/record/decide.ts';
import type { ProcessServer } from '../support/services.ts';
import type { Backend } from './backends.ts';
import { type Line, type Need, sharedClockMs } from './history.ts';
import { openStore } from './stores.ts';
import { callLimitMs, orphanMs, terms } from './terms.ts';
import { resources } from './workload.ts';

/** A little longer than an orphan may be in the way. */
const patienceMs = terms.ttlMs + orphanMs + clockSkewMs + 500;

/** Takes each resource once, after everybody has gone, and writes a history of its own. */
export async function probe(backend: Backend, server: ProcessServer, namespace: string): Promise<readonly Line[]> {
  const opened = await openStore(backend.name, server.url);
  const locker = createLocker({ store: opened.store, namespace });
  const lines: Line[] = [];
  const giveUpAt = sharedClockMs() + patienceMs;
  let turn = 0;
  for (const resource of resources) {
    while (!(await takeOnce(locker, resource, ++turn, lines)) && sharedClockMs() < giveUpAt) await sleep(50);
  }
  await locker.close();
  await opened.close();
  return lines;
}

async function takeOnce(locker: ResourceLocker, resource: string, turn: number, lines: Line[]): Promise<boolean> {
  const about = { worker: 'probe', turn };
  const needs: readonly Need[] = [{ resource, mode: 'write' }];
  lines.push({ what: 'ask', at: sharedClockMs(), ...about, needs, limitMs: callLimitMs });
  try {
    const lock = await locker.tryLock(resource, { onStoreDown: 'throw' });
    const at = sharedClockMs();
    if (lock === undefined) lines.push({ what: 'busy', at, ...about, resource });
    else lines.push({ what: 'acquired', at, ...about, isProtected: true, holdMs: 0 });
    const ours = await lock?.unlock();
    if (lock !== undefined) lines.push({ what: 'released', at: sharedClockMs(), ...about, outcome: ours ? 'ours' : 'not-ours' });
    return lock !== undefined;
  } catch (error) {
    lines.push({ what: 'broken', at: sharedClockMs(), ...about, code: String((error as { code?: unknown }).code) });
    return false;
  }
}
