/** P3, P8, P10: what a process has seen of others, and what it makes of it. */
import type { Holder } from '../../../src/index.ts';
import type { Report } from '../breaches.ts';
import { deadlineMs, longestWaitMs } from '../draw.ts';
import { keyOf, type Need } from '../observed.ts';
import { excludes, holdersIn, type Written } from '../records.ts';
import type { SimulatedProcess } from '../simulated-process.ts';

export interface Sights {
  /** A process has read a record, or was told that it has written it; it stood there at `stoodMs` or after. */
  saw(process: SimulatedProcess, key: string, value: string | undefined, stoodMs?: number): void;
  /** What came may be for whoever looks around, or for its locks: what these know of the record is not known any more. */
  blurred(process: SimulatedProcess, key: string): void;
  /** A call that began at `sinceMs` was let through without the store. */
  unprotected(process: SimulatedProcess, who: string, needs: readonly Need[], sinceMs: number): void;
  /** Somebody asked who holds and who waits. */
  shown(who: string, holders: readonly Holder[]): void;
  /** A call was told busy. */
  refused(process: SimulatedProcess, who: string, needs: readonly Need[], resource: string, holders: readonly Holder[]): void;
}

interface Surroundings {
  readonly nowMs: () => number;
  readonly report: Report;
  readonly ownerOf: (token: string) => string | undefined;
  /** On its way to another process, it is held by nobody. */
  readonly isHandedOver: (token: string) => boolean;
  /** When a process crashed, if it did. */
  readonly crashedMs: (process: string) => number | undefined;
  readonly endOf: (key: string, token: string) => number;
  readonly areNear: boolean;
}

/** So long after its TTL a dead holder may still be in the way: stores keep time in whole seconds. */
const graceMs = 3_000;
/** Shared modes may last longer by the skew that is allowed for. */
const clockSkewMs = 2_000;

export function createSights({ nowMs, report, ownerOf, isHandedOver, crashedMs, endOf, areNear }: Surroundings): Sights {
  const seen = new Map<string, { readonly atMs: number; readonly stoodMs: number; readonly holders: readonly Written[] }>();
  /** When a process last saw an entry of its own. */
  const held = new Map<string, number>();

  function mustBeNamed(who: string, needs: readonly Need[], resource: string, holders: readonly Holder[]): void {
    if (!needs.some((need) => need.resource === resource)) report('P10', who, `is told that "${resource}" is busy, which it does not need`);
    else if (holders.length === 0) report('P10', who, `is told that "${resource}" is busy, and not by whom`);
    const stranger = holders.find(({ token, state }) => state !== 'waiting' && ownerOf(token) === undefined);
    if (stranger !== undefined) report('P10', who, `is told of a holder ${stranger.job} that the store never saw`);
  }

  return {
    saw(process, key, value, stoodMs = nowMs()) {
      const holders = holdersIn(value);
      seen.set(`${process.name} ${key}`, { atMs: nowMs(), stoodMs, holders });
      if (holders.some(({ token }) => ownerOf(token) === process.name)) held.set(`${process.name} ${key}`, stoodMs);
    },
    blurred: (process, key) => void seen.delete(`${process.name} ${key}`),
    unprotected(process, who, needs, sinceMs) {
      if (!areNear) return;
      for (const { resource, mode } of needs) {
        const sight = seen.get(`${process.name} ${keyOf(resource)}`);
        if (sight === undefined || sight.atMs < sinceMs) continue;
        const live = sight.holders.find(
          (holder) =>
            !holder.minHold &&
            ownerOf(holder.token) !== process.name &&
            !isHandedOver(holder.token) &&
            excludes(holder.mode, mode) &&
            // What is not known to have been renewed may be over after that.
            sight.atMs + holder.ttlMs > nowMs() &&
            (holder.latestEnd ?? Number.POSITIVE_INFINITY) > process.clock.wallMs(),
        );
        if (live !== undefined)
          report('P8', who, `runs without protection; ${Math.round(nowMs() - sight.atMs)} ms ago it saw ${live.job} hold "${resource}"`);
      }
    },
    shown(who, holders) {
      const stranger = holders.find(({ token }) => ownerOf(token) === undefined);
      if (stranger !== undefined) report('P10', who, `is shown a holder ${stranger.job} that the store never saw`);
      // 0.1.0 knows no places.
      const places = holders.flatMap((holder) => (holder as { place?: number }).place ?? []);
      if (places.some((place, index) => place !== index + 1)) report('P10', who, `is shown places in line that are not 1, 2, 3: ${places}`);
    },
    refused(process, who, needs, resource, holders) {
      mustBeNamed(who, needs, resource, holders);
      // While the store does not answer, what was seen last is all that is known.
      const sight = seen.get(`${process.name} ${keyOf(resource)}`);
      if (!areNear || sight === undefined) return;
      const endMs = (holder: Holder): number => {
        const atMs = crashedMs(ownerOf(holder.token) ?? '');
        if (atMs === undefined) return Number.POSITIVE_INFINITY;
        // One that only waits stands in line as long as it wanted to wait.
        const lifeMs = holder.state === 'waiting' ? atMs + longestWaitMs : endOf(keyOf(resource), holder.token);
        // Whoever writes the record beside it allows for the skew, by a clock that may be behind by as much again.
        return lifeMs + graceMs + (holder.mode === 'write' ? 0 : 2 * clockSkewMs);
      };
      const overMs = Math.max(...holders.map(endMs));
      // It had it since, and the wait ended before the rest had come: whom the wait was for is all there is to tell.
      if ((held.get(`${process.name} ${keyOf(resource)}`) ?? 0) > overMs) return;
      // The same where it has just found nobody, and asks for it.
      if (sight.holders.length === 0 && nowMs() - sight.atMs <= deadlineMs) return;
      const lateMs = sight.stoodMs - overMs;
      const [dead] = holders;
      if (dead !== undefined && lateMs > 0)
        report('P3', who, `is refused "${resource}" by ${dead.job}, which crashed and has been over for ${Math.round(lateMs)} ms`);
    },
  };
}
