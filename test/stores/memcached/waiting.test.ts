import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type Waiter, Waiting } from '../../../src/stores/memcached/waiting.ts';

const timeoutMs = 1_000;

/** Nothing else runs in this process meanwhile: no timer, no socket. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

function waiter(delayMs: number): Waiter {
  const nowMs = performance.now();
  return { timeoutMs, untilMs: nowMs + timeoutMs, graceMs: timeoutMs, dueMs: nowMs + delayMs, behind: undefined };
}

/** A line, and whoever has waited in it for too long. */
function line(): { waiting: Waiting<Waiter>; over: Waiter[]; whenOver: Promise<void> } {
  const over: Waiter[] = [];
  let tell = (): void => {};
  const whenOver = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const waiting = new Waiting<Waiter>((one) => {
    over.push(one);
    waiting.takeAll();
    tell();
  });
  return { waiting, over, whenOver };
}

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('those who wait on one connection', () => {
  test('are served first come, first served', () => {
    const { waiting } = line();
    const all = [waiter(500), waiter(400), waiter(600)];
    for (const one of all) waiting.push(one);
    waiting.shift();
    expect(waiting.first).toBe(all[1]);
    waiting.push(all[0] as Waiter);
    expect(waiting.takeAll()).toEqual([all[1], all[2], all[0]]);
    expect(waiting.first).toBeUndefined();
  });

  test('are told when they are due, not when those before them are', async () => {
    const { waiting, over, whenOver } = line();
    const [patient, hasty] = [waiter(20_000), waiter(20)];
    waiting.push(patient);
    waiting.push(hasty);
    await whenOver;
    expect(over).toEqual([hasty]);
    expect(performance.now()).toBeGreaterThanOrEqual(hasty.dueMs);
  });

  test('are told after one that was served in time', async () => {
    const { waiting, over, whenOver } = line();
    const [served, late] = [waiter(10), waiter(40)];
    waiting.push(served);
    waiting.push(late);
    waiting.shift();
    await whenOver;
    expect(over).toEqual([late]);
  });

  test('P7: each get as much more as the loop was blocked, and no verdict meanwhile', async () => {
    const { waiting, over, whenOver } = line();
    const all = [waiter(40), waiter(20), waiter(30), waiter(500)];
    for (const one of all) waiting.push(one);
    block(150);
    while (all[0]?.graceMs === timeoutMs) await nextTurn();
    const nowMs = performance.now();
    for (const one of all.slice(0, 3)) {
      expect(one.graceMs).toBeLessThan(timeoutMs - 80);
      expect(one.dueMs).toBeGreaterThan(nowMs + 50);
    }
    expect(all[3]?.graceMs).toBe(timeoutMs);
    expect(over).toEqual([]);
    await whenOver;
    expect(over).toEqual([all[0]]); // the grace has run out: it was late by the least
  });

  test('P7: no verdict is given before the loop has read what had arrived', async () => {
    const { waiting, over } = line();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [served] = (await once(server, 'connection')) as [Socket];
    client.once('data', () => waiting.shift());
    served.write('a reply');
    waiting.push(waiter(5));
    block(15); // late, though by less than what counts as a blocked loop
    await once(client, 'data');
    await nextTurn();
    expect(over).toEqual([]);
    client.destroy();
    server.close();
  });

  test('keep the process alive, and an empty line does not', () => {
    const { waiting } = line();
    const before = timers();
    waiting.push(waiter(20_000));
    waiting.push(waiter(20_000));
    expect(timers()).toBe(before + 1);
    waiting.shift();
    expect(timers()).toBe(before + 1);
    waiting.shift();
    expect(timers()).toBe(before);
    waiting.push(waiter(20_000));
    expect(timers()).toBe(before + 1);
    waiting.takeAll();
    expect(timers()).toBe(before);
  });
});
