/** P1, P5, P6, P8: who believes in which lock, and whether the others and the store agree. */
import type { Report } from '../breaches.ts';
import { believes, type Held, keyOf, type Need, schemaOf } from '../observed.ts';
import { excludes, holdersIn, type Mode, type Written } from '../records.ts';

export interface Beliefs {
  /** A task was given a lock. */
  begin(held: Held): void;
  /** Its holder looks at it. `false`: it is over. */
  look(held: Held): boolean;
  /** It is let go now. */
  end(held: Held): void;
  /** It was let go, and the answer was that it was ours. */
  released(held: Held): void;
  /** The backend dropped a record by itself. */
  forgot(key: string, record: string | undefined): void;
  /** Locks that have not been let go. */
  open(): readonly Held[];
}

interface Surroundings {
  readonly nowMs: () => number;
  readonly report: Report;
  readonly value: (key: string) => string | undefined;
  /** Who first wrote a token. */
  readonly ownerOf: (token: string) => string | undefined;
  /** When an entry ends by its last write. */
  readonly endOf: (key: string, token: string) => number;
  readonly limit: { readonly resource: string; readonly appends: number } | undefined;
  /** Are the clocks of these hosts near enough for a shortest hold to count between them? */
  readonly areNear: boolean;
  /** Nothing goes wrong in this world: no lock that is renewed is lost. */
  readonly isCalm: boolean;
  /** Nobody sets a clock: a shortest hold is as long as the clocks say. */
  readonly areStill: boolean;
}

/** Where all is calm a request and its answer take 6 ms at most: a life counts from before the one, work from after the other. */
const answeredMs = 7;

export function createBeliefs({ nowMs, report, value, ownerOf, endOf, limit, areNear, areStill, isCalm }: Surroundings): Beliefs {
  const all = new Set<Held>();
  const forgets = new Map<string, { readonly atMs: number; readonly holders: readonly Written[] }[]>();
  const fences = new Map<string, bigint>();
  const minHolds: { readonly held: Held; readonly untilMs: number }[] = [];

  /** The store had a reason to know nothing of what was taken before. */
  function forgotSince(resource: string, fromMs: number, toMs: number): boolean {
    return (forgets.get(keyOf(resource)) ?? []).some(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  }

  /** Entries that the store dropped, and that would live still: whoever sits on one may not know it yet. */
  function forgottenIn(key: string): readonly Written[] {
    return (forgets.get(key) ?? []).flatMap(({ holders }) => holders.filter(({ token }) => endOf(key, token) > nowMs()));
  }

  /** It may not know yet that the store dropped the entry that it sits on, whoever of its process took that. */
  function sitsOnForgotten({ process }: Held, resource: string): boolean {
    return forgottenIn(keyOf(resource)).some(({ token }) => ownerOf(token) === process.name);
  }

  function contested(one: Held, other: Held): Need | undefined {
    return one.needs.find(({ resource, mode }) => other.needs.some((need) => need.resource === resource && excludes(need.mode, mode)));
  }

  function mustBeAlone(held: Held): void {
    for (const other of all) {
      if (other === held || other.family === held.family || !other.lock.isProtected || other.endedMs !== undefined) continue;
      const need = contested(held, other);
      if (need === undefined || !believes(other)) continue;
      // Whoever has a table by its schema alone has it as long as the schema is remembered.
      const bySchema = !hasEntry(held, need.resource) || !hasEntry(other, need.resource);
      const names = bySchema ? [need.resource, schemaOf(need.resource)] : [need.resource];
      if (!names.some((name) => sitsOnForgotten(held, name) || sitsOnForgotten(other, name)))
        report('P1', held.who, `holds "${need.resource}" (${need.mode}) while ${other.job} on ${other.process.name} does`);
    }
  }

  function hasEntry({ process }: Held, resource: string): boolean {
    return holdersIn(value(keyOf(resource))).some(({ token }) => ownerOf(token) === process.name);
  }

  /** Is there, or was there, an entry of its process that gives it this need: of the resource, or of a schema that is held whole? */
  function isWritten({ process }: Held, { resource, mode }: Need): boolean {
    const has = (key: string, enough: (held: Mode) => boolean): boolean =>
      [...holdersIn(value(key)), ...forgottenIn(key)].some(
        (holder) => !holder.minHold && ownerOf(holder.token) === process.name && enough(holder.mode),
      );
    return (
      has(keyOf(resource), (held) => held === mode || held === 'write') ||
      has(keyOf(schemaOf(resource)), (held) => held === 'write' || (held === 'read' && mode === 'read'))
    );
  }

  function mustBeWritten(held: Held): void {
    // A suspended machine has only its wall clock to tell how long it slept, and here somebody sets it.
    if (!areStill && held.process.stoppedMs > 0) return;
    for (const need of held.needs) {
      if (isWritten(held, need)) continue;
      report('P6', held.who, `believes that it holds "${need.resource}" (${need.mode}), and has no entry in the record`);
    }
  }

  function mustFit({ who, needs, process }: Held): void {
    if (limit === undefined || !needs.some(({ resource, mode }) => resource === limit.resource && mode === 'append')) return;
    const holding = [...all].filter(
      (other) =>
        other.lock.isProtected &&
        other.needs.some(({ resource, mode }) => resource === limit.resource && mode === 'append') &&
        believes(other),
    );
    const seats = new Set(holding.map(({ family }) => family)).size;
    const earliestMs = Math.min(...holding.map(({ askedMs }) => askedMs));
    if (seats > limit.appends && process.runs && !forgotSince(limit.resource, earliestMs, nowMs()))
      report('limits', who, `is one of ${seats} appends on "${limit.resource}"; ${limit.appends} are allowed`);
  }

  function mustKeepMinHold(held: Held): void {
    if (!areStill) return;
    for (const { held: before, untilMs } of minHolds) {
      const need = contested(held, before);
      if (need === undefined || nowMs() >= untilMs - 1 || before.family === held.family) continue;
      if (before.process.host !== held.process.host && !areNear) continue;
      // Whoever has the schema alone is kept out by what stands there.
      const isForgotten = before.needs.some(({ resource }) => forgotSince(resource, before.askedMs, nowMs()));
      if (isForgotten || sitsOnForgotten(held, need.resource)) continue;
      report(
        'minHold',
        held.who,
        `holds "${need.resource}" ${Math.round(untilMs - nowMs())} ms before the shortest hold of ${before.job} is over`,
      );
    }
  }

  /** What nobody renews has its whole `ttlMs`; of several tables the first may have been taken long before. */
  function hasLasted({ needs, options, isExtended, fromMs }: Held): boolean {
    return needs.length > 1 || isExtended === true || nowMs() - fromMs >= options.ttlMs - answeredMs;
  }

  function mustBeKept({ who, lock, family, job }: Held): void {
    const reason = (lock.signal.reason as { reason?: string } | undefined)?.reason;
    // Inside a run the outer lock may have ended, or want no renewal.
    if (family === job && reason !== undefined && ['expired', 'unreachable', 'vanished', 'stolen'].includes(reason))
      report('P6', who, `loses a lock that is renewed, or before its ttlMs (${reason}), and nothing went wrong`);
  }

  function mustOutgrow(held: Held): void {
    const { fence } = held.lock;
    const [need, ...others] = held.needs;
    // Several resources: the largest; inside a run: perhaps that of the outer one.
    if (fence === undefined || need?.mode !== 'write' || others.length > 0 || held.family !== held.job) return;
    const last = fences.get(need.resource);
    if (last !== undefined && fence <= last)
      report('fence', held.who, `has the fence ${fence} on "${need.resource}" after ${last} was given out`);
    fences.set(need.resource, fence);
  }

  return {
    begin(held) {
      all.add(held);
      if (!held.lock.isProtected) {
        // One that joined is as protected as what it joined.
        if (held.family !== held.job) return;
        const beside = [...all].find(
          (other) =>
            other.process === held.process &&
            other.family !== held.family &&
            other.fromMs < nowMs() &&
            contested(held, other) &&
            other.lock.isProtected &&
            believes(other),
        );
        if (beside !== undefined) report('P8', held.who, `runs without protection beside ${beside.job} in its own process`);
        return;
      }
      if (!believes(held)) return;
      mustBeAlone(held);
      mustBeWritten(held);
      mustKeepMinHold(held);
      mustFit(held);
      mustOutgrow(held);
    },
    look(held) {
      if (held.overMs !== undefined || held.endedMs !== undefined) return false;
      if (!believes(held)) {
        if (held.process.runs) held.overMs = nowMs();
        if (isCalm && (held.options.heartbeat || !hasLasted(held))) mustBeKept(held);
        return false;
      }
      if (held.lock.isProtected) {
        mustBeAlone(held);
        mustBeWritten(held);
      }
      return true;
    },
    end(held) {
      held.endedMs ??= nowMs();
      all.delete(held);
    },
    released(held) {
      // What the store dropped keeps nobody out.
      const kept = held.needs.filter(({ resource }) => !sitsOnForgotten(held, resource));
      // Inside a run it may have joined, and then the outer lock goes on.
      if (held.lock.isProtected && held.options.minHoldMs > 0 && held.overMs === undefined && held.family === held.job)
        minHolds.push({ held: { ...held, needs: kept }, untilMs: held.sinceMs + held.options.minHoldMs });
    },
    forgot(key, record) {
      forgets.set(key, [...(forgets.get(key) ?? []), { atMs: nowMs(), holders: holdersIn(record) }]);
    },
    open: () => [...all],
  };
}
