/**
 * A ticket shop: a buyer has seat A5 reserved for ten minutes while paying. Heartbeats every three seconds say that the
 * shop's process still lives; a second buyer is refused; the purchase releases the seat.
 *
 *     npx tsx examples/seat-reservation.ts
 *
 * It runs on the memory store; `seatReservation` takes any other. The reservation keeps buyers from typing in their cards in
 * vain. That a seat is sold once is the business of the table of tickets, which is asked while the seat is reserved.
 */
import type { LockStore } from 'giveway';
import { LockClient, type LockItem } from 'giveway/leases';
import { memoryStore } from 'giveway/memory';

export interface Evening {
  readonly store: LockStore;
  /** Default: the client's own. Left out where names are keys, as in the layouts of Java's lock clients. */
  readonly namespace?: string;
  /** How long the first buyer takes to pay, in milliseconds. */
  readonly payingMs: number;
  readonly say: (line: string) => void;
}

/** One process of the shop. A crash of it keeps the seat for what is left of the ten minutes. */
function shop({ store, namespace }: Evening, ownerName: string): LockClient {
  return new LockClient({ store, ...(namespace && { namespace }), ownerName, leaseDurationMs: 10 * 60_000, heartbeatPeriodMs: 3_000 });
}

/** `undefined`: somebody else is buying it, or it is sold. */
async function reserve(
  client: LockClient,
  tickets: ReadonlyMap<string, string>,
  seat: string,
  buyer: string,
): Promise<LockItem | undefined> {
  const item = await client.tryAcquireLock({ partitionKey: 'seat', sortKey: seat, data: buyer, shouldSkipBlockingWait: true });
  if (item === undefined || !tickets.has(seat)) return item;
  await item.close();
  return undefined;
}

/** Plays the evening of two buyers; resolves with the tickets sold, by seat. */
export async function seatReservation(evening: Evening): Promise<ReadonlyMap<string, string>> {
  const { say, payingMs } = evening;
  const tickets = new Map<string, string>();
  await using north = shop(evening, 'shop north');
  await using south = shop(evening, 'shop south');

  const ada = await reserve(north, tickets, 'A5', 'Ada');
  if (ada === undefined) throw new Error('nobody else wanted A5 yet');
  say(`Ada has ${ada.sortKey} for ${ada.leaseDurationMs / 60_000} minutes`);

  const bob = await reserve(south, tickets, 'A5', 'Bob');
  const seen = await south.getLock('seat', 'A5');
  if (bob === undefined) say(`Bob is refused: ${seen?.data} is buying it at ${seen?.ownerName}`);

  await new Promise((resolve) => setTimeout(resolve, payingMs));
  const stillSeen = await south.getLock('seat', 'A5');
  if (stillSeen?.recordVersionNumber !== seen?.recordVersionNumber) say('Ada is paying: a heartbeat has been seen');

  // Whoever pays after the ten minutes, or lost the seat with the store, must not get the ticket.
  ada.signal?.throwIfAborted();
  tickets.set('A5', 'Ada');
  say((await ada.close()) ? 'Ada has paid; the seat is released' : 'Ada has paid; the reservation was over by then');

  if ((await reserve(south, tickets, 'A5', 'Bob')) === undefined) say('Bob is refused: it is sold');
  const next = await reserve(south, tickets, 'A6', 'Bob');
  say(next === undefined ? 'Bob gets nothing' : `Bob has ${next.sortKey} instead`);
  return tickets;
}

if (process.argv[1]?.endsWith('seat-reservation.ts')) {
  void seatReservation({ store: memoryStore(), payingMs: 4_000, say: console.log });
}
