/** `npx tsx bench/cost.mts`: counts requests on real servers, and writes the tables of docs/cost.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { type Course, holding, javaClient, waitingByPolls, waitingForLease, waitingWithPush } from './cost/formula.ts';
import {
  type Backend,
  dynamodbBackend,
  leaseCost,
  lockCost,
  memcachedBackend,
  postgresBackend,
  redisBackend,
  turnsCost,
} from './cost/measure.ts';

const page = new URL('../docs/cost.md', import.meta.url);
const holdsMs = [100, 1_500, 4_500, 10_500, 60_500, 300_500];
const seconds = (ms: number): string => `${(ms / 1_000).toLocaleString('en')} s`;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;

async function locks(backend: Backend): Promise<string[]> {
  const lines: string[] = [];
  for (const holdMs of holdsMs) {
    const course: Course = { holdMs, beatMs: 10_000, waiters: 8 };
    const { holder } = await lockCost(backend, { ...course, waiters: 0 });
    const one = await lockCost(backend, { ...course, waiters: 1 });
    const eight = await lockCost(backend, course);
    const waiting = backend.pushes ? waitingWithPush(course) : waitingByPolls(course);
    lines.push(row([backend.name, seconds(holdMs), holder, holding(course), one.waiting, eight.waiting, Math.round(waiting)]));
  }
  return lines;
}

async function leases(backend: Backend): Promise<string[]> {
  const lines: string[] = [];
  for (const holdMs of holdsMs) {
    const course: Course = { holdMs, beatMs: 5_000, waiters: 8 };
    const locker = { ...course, beatMs: 10_000 };
    const [lock, lease, java] = [await lockCost(backend, locker), await leaseCost(backend, course), javaClient(course)];
    lines.push(
      row([seconds(holdMs), lock.holder, lock.waiting, lease.holder, lease.waiting, waitingForLease(course), java.holder, java.waiting]),
    );
  }
  return lines;
}

async function turnsOf(backend: Backend): Promise<string> {
  const cells: number[] = [];
  for (const holdMs of [1, 1_000]) for (const turns of [1, 8, 32]) cells.push(await turnsCost(backend, { turns, holdMs }));
  return row([backend.name, ...cells]);
}

const backends = [await memcachedBackend(), await redisBackend(), await postgresBackend(), await dynamodbBackend()];
const sections: Record<string, string[]> = {
  locks: ['| store | held for | holder | by formula | 1 waiter | 8 waiters | by formula |', '|---|---:|---:|---:|---:|---:|---:|'],
  leases: [
    '| held for | locker: holder | 8 waiters | `LockClient` here: holder | 8 waiters | by formula | Java client: holder | 8 waiters |',
    '|---:|---:|---:|---:|---:|---:|---:|---:|',
  ],
  turns: ['| store | 1 turn of 1 ms | 8 | 32 | 1 turn of 1 s | 8 | 32 |', '|---|---:|---:|---:|---:|---:|---:|'],
};
for (const backend of backends) {
  sections['locks']?.push(...(await locks(backend)));
  sections['turns']?.push(await turnsOf(backend));
  if (backend.name === 'dynamodb') sections['leases']?.push(...(await leases(backend)));
  await backend.stop();
}

let text = readFileSync(page, 'utf8');
for (const [id, lines] of Object.entries(sections)) {
  const [open, close] = [`<!-- ${id} -->\n`, `<!-- /${id} -->`];
  const [start, end] = [text.indexOf(open), text.indexOf(close)];
  if (start === -1 || end === -1) throw new Error(`docs/cost.md has no place for the table "${id}"`);
  console.log(`\n${lines.join('\n')}`);
  text = `${text.slice(0, start + open.length)}${lines.join('\n')}\n${text.slice(end)}`;
}
writeFileSync(page, text);
