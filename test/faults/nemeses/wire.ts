import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultProxy } from '../../support/proxy.ts';
import { sharedClockMs } from '../history.ts';
import { type Arena, holderIn, type Nemesis } from '../nemesis.ts';
import { callLimitMs, terms } from '../terms.ts';

/** Breaks the wires of all workers, or of one that holds a lock, in one way for a while. */
function wire(name: string, does: string, who: 'all' | 'holder', breaks: (proxy: FaultProxy, arena: Arena) => Promise<void>): Nemesis {
  return {
    name,
    does,
    async strike(arena) {
      const members = who === 'all' ? arena.fleet.members() : [await holderIn(arena)];
      const at = sharedClockMs();
      await Promise.all(members.map(({ proxy }) => breaks(proxy, arena).finally(() => proxy.heal())));
      arena.fleet.note({ what: 'doubted', at, until: sharedClockMs() });
    },
  };
}

/** One fault after another, some tens of milliseconds apart, for a second. */
function oneByOne(fault: (proxy: FaultProxy, arena: Arena) => void | Promise<void>): (proxy: FaultProxy, arena: Arena) => Promise<void> {
  return async (proxy, arena) => {
    for (const endsAt = Date.now() + 1_000; Date.now() < endsAt; await sleep(arena.random.between(10, 90))) await fault(proxy, arena);
  };
}

const outageMs = 1.5 * terms.ttlMs;

/** No connection survives the loss of bytes in its middle. */
async function blackHole(proxy: FaultProxy, ms: number): Promise<void> {
  proxy.blackHole();
  await sleep(ms);
  proxy.resetConnections();
  proxy.heal();
}

export const wireNemeses: readonly Nemesis[] = [
  wire('latency', 'every reply takes 20 to 200 ms longer', 'all', async (proxy, { random }) => {
    proxy.delayMs = random.between(20, 200);
    await sleep(1_000);
  }),
  wire(
    'black hole',
    'requests are applied, replies vanish, for longer than any call may take; then the connections break',
    'all',
    async (proxy, arena) => {
      await blackHole(proxy, callLimitMs + 500);
      await sleep(arena.random.between(500, 1_500));
    },
  ),
  wire('black hole for one', 'the same to one that holds a lock, for longer than the TTL: others may go on', 'holder', (proxy) =>
    blackHole(proxy, outageMs),
  ),
  wire('requests lost for one', 'the requests of a holder vanish, for longer than the TTL', 'holder', async (proxy) => {
    proxy.dropRequests();
    await sleep(outageMs);
    proxy.resetConnections();
  }),
  wire(
    'reset before apply',
    'requests vanish and the connection is reset',
    'all',
    oneByOne(async (proxy) => {
      proxy.dropRequests();
      await sleep(10);
      proxy.resetConnections();
      proxy.heal();
    }),
  ),
  wire(
    'reset after apply',
    'the request is applied, the reply is a reset',
    'all',
    oneByOne((proxy, { random }) => proxy.resetAfterApply(random.between(1, 2))),
  ),
  wire(
    'close after apply',
    'the request is applied, the reply is an orderly close',
    'all',
    oneByOne((proxy) => proxy.closeAfterApply()),
  ),
  wire(
    'partial replies',
    'the first bytes of a reply, then a reset',
    'all',
    oneByOne((proxy, { random }) => proxy.cutReply(random.between(1, 30))),
  ),
  wire(
    'late replies',
    'replies up to twice as late as the deadline of a call',
    'all',
    oneByOne((proxy, { random }) => proxy.lateReply(random.between(20, 2 * terms.timeoutMs))),
  ),
];
