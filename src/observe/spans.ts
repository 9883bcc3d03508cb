import { AsyncResource } from 'node:async_hooks';
import type { LockerEvents } from '../lock/events.ts';
import { checkOptions, milliseconds, type RulesOf, withMethods } from './check-options.ts';
import { harmlessly } from './harmless.ts';
import type { Attributes } from './labels.ts';
import { hostInWords, listen, type Observed, scopeLabel, seenHolders } from './listening.ts';

/** The part of OpenTelemetry's `Span` that is used. */
export interface Span {
  setStatus(status: { code: 2; message: string }): unknown;
  recordException(error: Error): void;
  end(endTime?: Date): void;
}

/** The part of OpenTelemetry's `Tracer` that is used. */
export interface Tracer {
  startSpan(name: string, options: { startTime: Date; attributes: Attributes }): Span;
}

export interface SpanOptions {
  /** `trace.getTracer('giveway')` of `@opentelemetry/api`. */
  readonly tracer: Tracer;
  /** Waits shorter than this get no span, in milliseconds. Default 10: what a store takes to answer is no wait. */
  readonly minWaitMs?: number;
  /** Holds that ended well within this get no span, in milliseconds. Default 10: they hardly make anybody wait. */
  readonly minHoldMs?: number;
}

const rules: RulesOf<SpanOptions> = {
  tracer: withMethods('a Tracer of @opentelemetry/api is allowed', 'startSpan'),
  minWaitMs: milliseconds,
  minHoldMs: milliseconds,
};

/** A hold that goes on. Most are over before they are worth a span, so it is made when they end. */
interface Hold {
  readonly began: LockerEvents['acquired'];
  readonly fromMs: number;
  /** The async context in which the lock was asked for, and with it OpenTelemetry's. */
  readonly context: AsyncResource;
}

/**
 * A span `giveway.wait` for each wait and `giveway.hold` for each hold, made when it is over, as children of the span that was active where the lock was
 * asked for. The hold's span is beside the spans of the work, not above them: an observer does not run the work.
 * Throws `InvalidOptionError`.
 */
export function spanObserver(locker: Observed, options: SpanOptions): Disposable {
  checkOptions(options, rules, 'tracer');
  const { tracer, minWaitMs = 10, minHoldMs = 10 } = options;
  const holds = new Map<number, Hold>();

  const waited = (waitedMs: number, attributes: Attributes): void => {
    const now = Date.now();
    tracer.startSpan('giveway.wait', { startTime: new Date(now - waitedMs), attributes }).end(new Date(now));
  };
  const held = ({ began, fromMs }: Hold, outcome: string, error?: unknown): void => {
    const attributes = { ...attributesOf(began), 'giveway.protected': began.isProtected, 'giveway.outcome': outcome };
    const span = tracer.startSpan('giveway.hold', { startTime: new Date(fromMs), attributes });
    if (error !== undefined) {
      const cause = error instanceof Error ? error : new Error(String(error));
      span.recordException(cause);
      span.setStatus({ code: 2, message: cause.message });
    }
    span.end();
  };
  const end = (id: number, heldMs: number, outcome: string, error?: unknown): void => {
    const hold = holds.get(id);
    if (hold === undefined) return;
    holds.delete(id);
    if (heldMs >= minHoldMs) hold.context.runInAsyncScope(held, undefined, hold, outcome, error);
  };
  const whatever = Number.POSITIVE_INFINITY;

  const subscription = listen(locker, {
    acquired: (event) => {
      if (event.waitedMs >= minWaitMs) waited(event.waitedMs, { ...attributesOf(event), 'giveway.outcome': 'acquired' });
      holds.set(event.id, { began: event, fromMs: Date.now(), context: new AsyncResource('giveway.hold', { requireManualDestroy: true }) });
    },
    skipped: (event) => {
      if (event.waitedMs < minWaitMs) return;
      const holder = seenHolders(event.holders)[0];
      waited(event.waitedMs, {
        ...attributesOf(event),
        'giveway.outcome': 'skipped',
        'giveway.reason': event.reason,
        'giveway.busy_resource': event.resource,
        ...(holder === undefined ? {} : { 'giveway.holder': `${holder.job ?? ''}@${hostInWords(holder)}:${holder.pid}` }),
      });
    },
    released: ({ id, release, heldMs }) => end(id, heldMs, release),
    lost: ({ id, reason, error }) => end(id, whatever, `lost: ${reason}`, error),
    'release-failed': ({ id, error }) => end(id, whatever, 'release-failed', error),
  });
  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const id of [...holds.keys()]) harmlessly(() => end(id, whatever, 'unobserved'));
    },
  };
}

function attributesOf({ scope, job }: Pick<LockerEvents['acquired'], 'scope' | 'job'>): Attributes {
  const attributes: Attributes = { 'giveway.scope': scopeLabel(scope) };
  if (job !== undefined) attributes['giveway.job'] = job;
  return attributes;
}
