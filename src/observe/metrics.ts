import type { LockerEvents } from '../lock/events.ts';
import { type Attributes, boundedLabels, type LabelOptions, type Labels } from './labels.ts';
import { listen, type Observed, scopeLabel } from './listening.ts';

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

/** The part of OpenTelemetry's `Meter` that is used. */
export interface Meter {
  createCounter(name: string, options: InstrumentOptions): { add(value: number, attributes?: Attributes): void };
  createUpDownCounter(name: string, options: InstrumentOptions): { add(value: number): void };
  createHistogram(name: string, options: InstrumentOptions): { record(value: number, attributes?: Attributes): void };
}

export interface MetricsOptions {
  /** `metrics.getMeter('giveway')` of `@opentelemetry/api`. */
  readonly meter: Meter;
  /** Labels for resource and job. Default: none. */
  readonly labels?: LabelOptions;
}

/** A store's round trip, a wait behind a batch, a wait behind a job. In seconds. */
const waitBounds = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60, 300];
/** From one insert to a long rebuild. In seconds. */
const holdBounds = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900, 3_600];

/** Counts and measures through OpenTelemetry. `docs/observe.md` lists the instruments. */
export function metricsObserver(locker: Observed, { meter, labels }: MetricsOptions): Disposable {
  const count = (name: string, description: string) => meter.createCounter(`giveway.${name}`, { description, unit: `{${name}}` });
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
    meter.createHistogram(`giveway.${name}.duration`, { description, unit: 's', advice: { explicitBucketBoundaries } });

  const attempts = count('attempts', 'Attempts to take a lock, by outcome: acquired, unprotected, busy');
  const skips = count('skips', 'Runs that did not take place and waits that were given up, by reason');
  const lost = count('lost', 'Locks that ended before they were let go, by reason');
  const storeErrors = count('store.errors', 'Outages of the lock store (phase: outage) and failed releases (phase: release)');
  const conflicts = count('conflicts', 'Transactions that the database aborted because of another one, by its code');
  const lateLocks = count('late_locks', 'Writes without the lock, or before it was had');
  const starving = count('starving', 'Skips of jobs that are skipped too often');
  const notices = count('notices', 'Facts about store or records that an operator should see, by code');
  const wait = seconds('wait', 'From asking for a lock to having it, or to the skip', waitBounds);
  const hold = seconds('hold', 'From having a lock to its end, by outcome', holdBounds);
  const held = meter.createUpDownCounter('giveway.held', { description: 'Locks held now', unit: '{locks}' });
  const storeDown = meter.createUpDownCounter('giveway.store.down', {
    description: 'Lockers whose store does not answer',
    unit: '{lockers}',
  });

  const label = boundedLabels(labels);
  const live = new Map<number, Labels>();
  let isDown = false;

  const end = (id: number): void => {
    if (live.delete(id)) held.add(-1);
  };
  const tellDown = (down: boolean): void => {
    if (down !== isDown) storeDown.add(down ? 1 : -1);
    isDown = down;
  };
  /** A lock ends once, though it may be lost first and let go later. */
  const ended = ({ id, heldMs }: LockerEvents['released' | 'lost'], outcome: string): void => {
    const about = live.get(id);
    if (about === undefined) return;
    live.delete(id);
    held.add(-1);
    hold.record(heldMs / 1_000, about.and(outcome));
  };

  const subscription = listen(locker, {
    acquired: ({ id, scope, job, waitedMs, isProtected }) => {
      const about = label(scopeLabel(scope), job);
      live.set(id, about);
      held.add(1);
      attempts.add(1, about.and(isProtected ? 'acquired' : 'unprotected'));
      wait.record(waitedMs / 1_000, about.and('acquired'));
    },
    busy: ({ resource, job }) => attempts.add(1, label(resource, job).and('busy')),
    skipped: ({ resource, job, reason, waitedMs }) => {
      const about = label(resource, job);
      skips.add(1, { ...about.all, reason });
      wait.record(waitedMs / 1_000, about.and('skipped'));
    },
    released: (event) => ended(event, event.release),
    lost: (event) => {
      ended(event, 'lost');
      lost.add(1, { ...label(event.resource, event.job).all, reason: event.reason });
    },
    'release-failed': (event) => {
      end(event.id);
      storeErrors.add(1, { phase: 'release', code: codeOf(event.error) });
    },
    'store-down': ({ error }) => {
      tellDown(true);
      storeErrors.add(1, { phase: 'outage', code: codeOf(error) });
    },
    'store-up': () => tellDown(false),
    conflict: ({ scope, job, code }) => conflicts.add(1, { ...label(scopeLabel(scope), job).all, code }),
    'late-lock': ({ tables, job }) => lateLocks.add(1, { ...label(tables.join('+'), job).all }),
    starving: ({ resource, job }) => starving.add(1, { ...label(resource, job).all }),
    notice: ({ code }) => notices.add(1, { code }),
  });
  // So that both are there, as 0, before anything happens.
  held.add(0);
  storeDown.add(0);
  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const id of live.keys()) end(id);
      tellDown(false);
    },
  };
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : 'unknown';
}
