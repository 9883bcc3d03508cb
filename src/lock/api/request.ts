import { isOutage } from '../errors.ts';
import type { Holder } from '../holder.ts';
import type { Refusal } from '../machine/orders.ts';
import type { Plan } from '../plan/plans.ts';
import { type LockRecord, toHolder, toWaitingHolder } from '../record/record.ts';
import type { HeldLock } from './held-lock.ts';
import type { Enclosure } from './nesting.ts';

/** A resource that could not be taken now. */
export interface Refused {
  readonly resource: string;
  readonly holders: readonly Holder[];
  /** What ended the request, where it was not they. */
  readonly why?: Error;
}

/** What a call asks for, and what is held around it. */
export interface Request extends Plan {
  readonly around: Enclosure;
  readonly startedMonoMs: number;
}

/** What came of a request: the lock, who is in the way, or why there is neither. */
export type Outcome = HeldLock | Refused | Error;
export type Done = (outcome: Outcome) => void;

/** What is thrown at whoever asked. Nothing: it is busy, which is a value. */
export function errorOf(outcome: Refused | Error): Error | undefined {
  return outcome instanceof Error ? outcome : outcome.why;
}

/** A refusal in public words. */
export function toRefused(resource: string, { blockers, ahead }: Refusal): Refused {
  return { resource, holders: toHolders(resource, { holders: blockers, line: ahead }) };
}

/** Who holds a resource, then who waits for it, in order. A record that cannot be read names nobody. */
export function toHolders(resource: string, record: Pick<LockRecord, 'holders' | 'line'> | undefined): readonly Holder[] {
  if (record === undefined) return [];
  return [
    ...record.holders.map((holder) => toHolder(resource, holder)),
    ...record.line.map((waiting, index) => toWaitingHolder(resource, waiting, index + 1)),
  ];
}

/** Under which name a job's skips are counted: its own, or what it takes. */
export function jobOf({ options, scope }: Request): string {
  return options.job ?? [...scope.writes, ...scope.appends, ...scope.reads].join(', ');
}

/** How long a request has waited by `monoMs`: one that may not wait has not, though its answer took some time. */
export function waitedMs({ options, startedMonoMs }: Request, monoMs: number): number {
  return options.retry.maxWaitMs === 0 ? 0 : monoMs - startedMonoMs;
}

/** Does `reason`, which a request came to instead of a lock, leave the work to run without one? */
export function runsUnprotected(reason: Refused | Error, { options }: Request): boolean {
  return isOutage(reason) && options.onStoreDown === 'run';
}
