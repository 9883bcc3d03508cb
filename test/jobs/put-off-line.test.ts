import { beforeEach, expect, test } from '@jest/globals';
import { PutOffLine } from '../../src/jobs/put-off-line.ts';
import type { Holder, Mode } from '../../src/lock/holder.ts';
import { QueuedJob } from './queued-job.ts';

/** A table, and the jobs that are put off from it: no queue, no locker. */
let held: Mode[];
let holders: Holder[];
let seen: { looks: number; emptied: number };
let line: PutOffLine;
beforeEach(() => {
  QueuedJob.all.clear();
  [held, holders] = [[], []];
  // Lines of the tests before still look.
  const own = { looks: 0, emptied: 0 };
  seen = own;
  const inspect = async (): Promise<readonly Holder[]> => {
    own.looks++;
    return holders;
  };
  line = new PutOffLine({ resource: 'events', heldHere: () => held, inspect }, () => void own.emptied++);
});

/** Nothing here waits for more than promises, but for the looks. */
const settled = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));
const refused = { status: 'skipped', reason: 'busy', resource: 'events', holders: [], waitedMs: 0 } as const;

function putOff(id: string, mode: Mode = 'write', worker: object = QueuedJob): QueuedJob {
  const queued = new QueuedJob(id, worker);
  line.add({ job: queued.start(), mode, refused, moving: Promise.resolve() });
  return queued;
}
const woken = (): string[] => [...QueuedJob.all.values()].filter(({ promotions }) => promotions > 0).map(({ id }) => id);

test('the first is woken when the table is let go, and the next not before it has come', async () => {
  const [first] = [putOff('1'), putOff('2')];
  line.letGo();
  await settled();
  expect(woken()).toEqual(['1']);
  line.wakeNext();
  await settled();
  expect(woken()).toEqual(['1']);
  expect(line.remove(first.start())).toBe(true);
  line.letGo();
  await settled();
  expect(woken()).toEqual(['1', '2']);
});

test('those who go together are woken together, with whoever holds the table too', async () => {
  putOff('1', 'append');
  putOff('2', 'append');
  putOff('3', 'write');
  held = ['read'];
  line.letGo();
  await settled();
  expect(woken()).toEqual([]);
  held = ['append'];
  line.letGo();
  await settled();
  expect(woken()).toEqual(['1', '2']);
});

test('whose worker does not answer is passed over', async () => {
  putOff('1', 'write', { closed: true });
  putOff('2');
  line.letGo();
  await settled();
  expect(woken()).toEqual(['2']);
});

test('who comes later does not take the table from the first, as long as that is sure to come', async () => {
  const first = putOff('1');
  const later = new QueuedJob('2').start();
  expect(await line.firstBefore(later, 'write')).toBeUndefined();
  held = ['write'];
  expect((await line.firstBefore(later, 'write'))?.job.id).toBe('1');
  held = [];
  line.letGo();
  await settled();
  expect((await line.firstBefore(later, 'write'))?.job.id).toBe('1');
  first.attemptsStarted++;
  expect(await line.firstBefore(later, 'write')).toBeUndefined();
});

test('one look for all of them: while others hold the table nobody is woken, and it is over when nobody is left', async () => {
  const [first, second] = [putOff('1'), putOff('2')];
  holders = [{ resource: 'events', mode: 'write', token: 'a', host: 'there', pid: 1, since: new Date(), state: 'holding' } as Holder];
  while (seen.looks < 2) await settled();
  expect(woken()).toEqual([]);
  holders = [];
  while (woken().length === 0) await settled();
  expect(woken()).toEqual(['1']);
  for (const each of [first, second]) line.remove(each.start());
  while (seen.emptied === 0) await settled();
  expect(seen.emptied).toBe(1);
});
