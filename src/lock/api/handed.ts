import { GivewayError, InvalidOptionError, LockLostError } from '../errors.ts';
import { Seat } from '../machine/seat.ts';
import type { ResolvedOptions } from '../options.ts';
import { checkOptions } from '../plan/options.ts';
import type { Plan } from '../plan/plans.ts';
import type { Settings } from '../plan/settings.ts';
import type { Lock, SerializedLock } from './lock.ts';

/** What a lock says about itself on its way to another process. `sinceWallMs`: when it was acquired. */
export function toHanded(
  { namespace, environment }: Pick<Settings, 'namespace' | 'environment'>,
  { scope, job, options }: Pick<Lock, 'scope' | 'job'> & { readonly options: ResolvedOptions },
  ttlMs: number,
  sinceWallMs: number,
  entries: SerializedLock['entries'],
): SerializedLock {
  const { maxHoldMs, minHoldMs } = options;
  return {
    v: 1,
    namespace,
    ...(environment === undefined ? {} : { environment }),
    scope,
    ...(job === undefined ? {} : { job }),
    entries,
    since: sinceWallMs,
    // `extend` may have made it shorter than `minHoldMs`, which no options may be.
    ttlMs: Math.max(ttlMs, minHoldMs),
    maxHoldMs: maxHoldMs === Number.POSITIVE_INFINITY ? null : maxHoldMs,
    minHoldMs,
  };
}

/** Refuses to let go of what is no entry of its own in a record. */
export function checkTransferable({ isProtected, outers }: { readonly isProtected: boolean; readonly outers: readonly unknown[] }): void {
  if (isProtected && outers.length === 0) return;
  const why = isProtected
    ? 'joined an outer run cannot be handed over; hand over the outer one'
    : 'was taken while the store was down cannot be handed over';
  throw new GivewayError('ERR_GIVEWAY_NOT_TRANSFERABLE', `A lock that ${why}.`);
}

type HandedEntry = SerializedLock['entries'][number];

/**
 * The entries of all seats, from now on nobody's in this process, or why there are not all of them; then the others are let go.
 * `settle` is called once, by the event that ends it: whoever closes the locker meanwhile waits for that.
 */
export function detachAll(seats: readonly Seat[], settle: (outcome: readonly HandedEntry[] | Error) => void): void {
  const entries = new Map<Seat, HandedEntry>();
  let failure: Error | undefined;
  let open = seats.length;
  const over = (): void => {
    if (--open === 0) settle(failure ?? seats.map((seat) => entries.get(seat) as HandedEntry));
  };
  const detached = (seat: Seat, token: string | undefined | Error): void => {
    const { place, mode } = seat;
    if (typeof token === 'string') entries.set(seat, { resource: place.resource, mode, token });
    else failure ??= token ?? new LockLostError(place.resource, seat.lost ?? 'expired');
    // It has been lost; what it may have left is as it is after any other lock that is let go.
    if (token === undefined) place.leave(seat, false, () => {});
    if (open > 1 || failure === undefined) return over();
    open = entries.size + 1;
    for (const [each, entry] of entries) takeBack(each, entry.token, over);
    over();
  };
  for (const seat of seats) seat.place.detach(seat, (token) => detached(seat, token));
}

/** Lets go of an entry that was detached in vain; one that cannot be reached is left to its TTL. */
function takeBack({ place: left, mode, options, limit }: Seat, token: string, over: () => void): void {
  const place = left.again();
  const seated = (seat: Seat): void => place.leave(seat, false, over);
  place.restore(token, new Seat(place, mode, options, limit, false, { seated, refused: over, failed: over, waits: over }));
}

/** A promise of what `settle` is called with. */
export function settled<T>(begin: (settle: (outcome: T | Error) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => begin((outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome))));
}

/** Refuses what `lock.handOver()` cannot have returned, for it came through a queue or a file, and what is of another namespace. */
export function checkHanded(handed: SerializedLock, { namespace, environment }: Pick<Settings, 'namespace' | 'environment'>): void {
  const { v, since, entries }: Partial<SerializedLock> = handed ?? {};
  const isWhole = v === 1 && Number.isFinite(since) && Array.isArray(entries) && entries.every(isEntry);
  if (!isWhole) throw new InvalidOptionError('handed', handed, 'what lock.handOver() returned is allowed');
  const { ttlMs, minHoldMs, maxHoldMs, job } = handed;
  checkOptions({ ttlMs, minHoldMs, maxHoldMs: maxHoldMs ?? Number.POSITIVE_INFINITY, job }, 'handed.');
  if (handed.namespace !== namespace || handed.environment !== environment)
    throw new InvalidOptionError(
      'handed.namespace',
      [handed.namespace, handed.environment].join(':'),
      `this locker is of "${[namespace, environment].join(':')}"`,
    );
}

/** Refuses a lock that names more than it has entries for, or in another mode than they are. */
export function checkEntries({ entries }: SerializedLock, { needs }: Pick<Plan, 'needs'>): void {
  const unentered = needs.find(({ resource }) => !entries.some((entry) => entry.resource === resource));
  if (unentered !== undefined) throw new InvalidOptionError('handed.entries', entries, `"${unentered.resource}" is not among them`);
  entries.forEach(({ resource, mode }, index) => {
    const need = needs.find((each) => each.resource === resource);
    if (need === undefined)
      throw new InvalidOptionError(`handed.entries[${index}].resource`, resource, 'a resource of its scope is allowed');
    if (need.mode !== mode) throw new InvalidOptionError(`handed.entries[${index}].mode`, mode, `the scope has it in mode ${need.mode}`);
  });
}

function isEntry(entry: Partial<HandedEntry> | null): boolean {
  const { resource, token, mode } = entry ?? {};
  return typeof resource === 'string' && typeof token === 'string' && (mode === 'write' || mode === 'append' || mode === 'read');
}
