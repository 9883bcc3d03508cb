import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Course, holding, javaClient, turnsOf, waitingByPolls, waitingForLease, waitingWithPush } from '../../bench/cost/formula.ts';
import {
  againCost,
  type Backend,
  dynamodbBackend,
  leaseCost,
  lockCost,
  memcachedBackend,
  postgresBackend,
  redisBackend,
  turnsCost,
} from '../../bench/cost/measure.ts';
import type { ServiceName } from '../support/needs.ts';
import { describeWith } from '../support/shared.ts';

const backends: [ServiceName, () => Promise<Backend>][] = [
  ['memcached', memcachedBackend],
  ['redis', redisBackend],
  ['postgres', postgresBackend],
  ['dynamodb', dynamodbBackend],
];
const second = 1_000;

describe.each(backends)('the formulas of docs/cost.md, on %s', (service, start) => {
  describeWith(service, () => {
    let backend: Backend;
    beforeAll(async () => {
      backend = await start();
    }, 90_000);
    afterAll(() => backend.stop());

    test.each<Course>([
      { holdMs: 0.1 * second, beatMs: 10 * second, waiters: 0 },
      { holdMs: 1.5 * second, beatMs: 10 * second, waiters: 1 },
      { holdMs: 35 * second, beatMs: 10 * second, waiters: 4 },
    ])('a lock: %j', async (course) => {
      const { holder, waiting } = await lockCost(backend, course);
      expect(holder).toBe(holding(course));
      const reckoned = backend.pushes ? waitingWithPush(course) : waitingByPolls(course);
      // A pause is shortened by chance: one look more or less in a short wait, some in a hundred in a long one. And a client may send one again.
      expect(Math.abs(waiting - reckoned)).toBeLessThanOrEqual(course.waiters === 0 ? 0 : 2 + reckoned / 20);
    });

    test('a lease', async () => {
      const course = { holdMs: 17.5 * second, beatMs: 5 * second, waiters: 3 };
      expect(await leaseCost(backend, course)).toEqual({ holder: holding(course), waiting: waitingForLease(course) });
    });

    test.each([1, 1_000])('taken again after a hold of %d ms', async (holdMs) => {
      expect(await againCost(backend, holdMs)).toBe(2);
    });

    test.each([1, 1_000])('turns of one process, each of %d ms', async (holdMs) => {
      const [atLeast, atMost] = turnsOf({ turns: 9, holdMs, fenced: service === 'postgres' || service === 'redis' });
      const requests = await turnsCost(backend, { turns: 9, holdMs });
      expect(requests).toBeGreaterThanOrEqual(atLeast);
      expect(requests).toBeLessThanOrEqual(atMost);
    });
  });
});

describe('the tables of docs/cost.md', () => {
  const page = readFileSync(join(__dirname, '../../docs/cost.md'), 'utf8');
  const rowsOf = (id: string): string[][] => {
    const table = page.slice(page.indexOf(`<!-- ${id} -->`), page.indexOf(`<!-- /${id} -->`));
    return [...table.matchAll(/^\| (.+) \|$/gm)].slice(1).map(([, cells = '']) => cells.split(' | '));
  };
  const ms = (cell = ''): number => Number(cell.replace(' s', '')) * second;

  test('are of this formula', () => {
    const rows = rowsOf('locks');
    expect(rows).toHaveLength(4 * 6);
    for (const [store = '', held, holder, holderSaid, , , waitingSaid] of rows) {
      const course = { holdMs: ms(held), beatMs: 10 * second, waiters: 8 };
      const waiting = store === 'redis' || store === 'postgres' ? waitingWithPush(course) : waitingByPolls(course);
      expect([holder, holderSaid, waitingSaid]).toEqual([holding(course), holding(course), Math.round(waiting)].map(String));
    }
  });

  test('reckon the Java client by its own', () => {
    const rows = rowsOf('leases');
    expect(rows).toHaveLength(6);
    for (const cells of rows) {
      const course = { holdMs: ms(cells[0]), beatMs: 5 * second, waiters: 8 };
      const java = javaClient(course);
      expect(cells.slice(3)).toEqual(
        [holding(course), waitingForLease(course), waitingForLease(course), java.holder, java.waiting].map(String),
      );
    }
  });
});
