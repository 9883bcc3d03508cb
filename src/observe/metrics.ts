import type { LockerEvents } from '../lock/events.ts';
import { anything, checkOptions, type RulesOf, withMethods } from './check-options.ts';
import { instrumentsOf, type Meter } from './instruments.ts';
import { boundedLabels, checkLabels, type LabelOptions, type Labels } from './labels.ts';
import { listen, type Observed, scopeLabel } from './listening.ts';

export interface MetricsOptions {
  /** `metrics.getMeter('giveway')` of `@opentelemetry/api`. Lockers that share it are added up. */
  readonly meter: Meter;
  /** Labels for resource and job. Default: none. */
  readonly labels?: LabelOptions;
}

const rules: RulesOf<MetricsOptions> = {
  meter: withMethods(
    'a Meter of @opentelemetry/api is allowed',
    'createObservableCounter',
    'createObservableUpDownCounter',
    'createHistogram',
  ),
  labels: anything,
};

/**
 * Counts and measures through OpenTelemetry. `docs/observe.md` lists the instruments. Disposed, it counts no more; what it has
 * counted is still collected. Throws `InvalidOptionError`.
 */
export function metricsObserver(locker: Observed, options: MetricsOptions): Disposable {
  checkOptions(options, rules, 'meter');
  const { meter, labels } = options;
  checkLabels(labels);
  const { attempts, skips, releases, lost, storeErrors, conflicts, lateLocks, starving, fires, notices, ...levels } = instrumentsOf(meter);
  const { held, storeDown, wait, skipWait, hold } = levels;
  const label = boundedLabels(meter, labels);
  const live = new Map<number, Labels>();
  let isDown = false;

  const end = (id: number): void => {
    if (live.delete(id)) held.value -= 1;
  };
  const tellDown = (down: boolean): void => {
    if (down !== isDown) storeDown.value += down ? 1 : -1;
    isDown = down;
  };
  /** A lock ends once, though it may be lost first and let go later. */
  const ended = ({ id, heldMs }: LockerEvents['released' | 'lost'], outcome: string): void => {
    const about = live.get(id);
    if (about === undefined) return;
    end(id);
    releases(about.and(outcome)).value += 1;
    hold.record(heldMs / 1_000, about.timed);
  };

  const subscription = listen(locker, {
    acquired: ({ id, scope, job, waitedMs, isProtected }) => {
      const about = label(scopeLabel(scope), job);
      live.set(id, about);
      held.value += 1;
      attempts(about.and(isProtected ? 'acquired' : 'unprotected')).value += 1;
      wait.record(waitedMs / 1_000, about.timed);
    },
    busy: ({ resource, job }) => {
      attempts(label(resource, job).and('busy')).value += 1;
    },
    skipped: ({ resource, job, reason, waitedMs }) => {
      const about = label(resource, job);
      skips({ ...about.all, reason }).value += 1;
      skipWait.record(waitedMs / 1_000, about.timed);
    },
    released: (event) => ended(event, event.release),
    lost: (event) => {
      ended(event, 'lost');
      lost({ ...label(event.resource, event.job).all, reason: event.reason }).value += 1;
    },
    'release-failed': ({ id, error }) => {
      end(id);
      storeErrors({ phase: 'release', code: codeOf(error) }).value += 1;
    },
    'store-down': ({ error }) => {
      tellDown(true);
      storeErrors({ phase: 'outage', code: codeOf(error) }).value += 1;
    },
    'store-up': () => tellDown(false),
    conflict: ({ scope, job, code }) => {
      conflicts({ ...label(scopeLabel(scope), job).all, code }).value += 1;
    },
    'late-lock': ({ tables, job }) => {
      lateLocks(label(tables.join('+'), job).all).value += 1;
    },
    starving: ({ resource, job }) => {
      starving(label(resource, job).all).value += 1;
    },
    fire: ({ job, outcome }) => {
      if (outcome !== 'ended') fires(label(undefined, job).and(outcome === 'began' ? 'taken' : outcome)).value += 1;
    },
    notice: ({ code }) => {
      notices({ code }).value += 1;
    },
  });
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
