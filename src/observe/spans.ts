import type { LockerEvents } from '../lock/events.ts';
import type { Attributes } from './labels.ts';
import { listen, type Observed, scopeLabel, withoutTokens } from './listening.ts';

/** The part of OpenTelemetry's `Span` that is used. */
export interface Span {
  isRecording(): boolean;
  setAttribute(key: string, value: string): unknown;
  setStatus(status: { code: 2; message: string }): unknown;
  recordException(error: Error): void;
  end(endTime?: Date): void;
}

/** The part of OpenTelemetry's `Tracer` that is used. */
export interface Tracer {
  startSpan(name: string, options: { startTime?: Date; attributes: Attributes }): Span;
}

export interface SpanOptions {
  /** `trace.getTracer('giveway')` of `@opentelemetry/api`. */
  readonly tracer: Tracer;
  /** Waits shorter than this get no span, in milliseconds. Default 10: what a store takes to answer is no wait. */
  readonly minWaitMs?: number;
}

/**
 * A span `giveway.wait` for each wait and `giveway.hold` for each hold, children of the span that was active where the lock was
 * asked for. The hold's span is beside the spans of the work, not above them: an observer does not run the work.
 */
export function spanObserver(locker: Observed, { tracer, minWaitMs = 10 }: SpanOptions): Disposable {
  const holds = new Map<number, Span>();

  const waited = (waitedMs: number, attributes: Attributes): void => {
    const now = Date.now();
    tracer.startSpan('giveway.wait', { startTime: new Date(now - waitedMs), attributes }).end(new Date(now));
  };
  const end = ({ id, outcome, error }: { id: number; outcome: string; error?: unknown }): void => {
    const span = holds.get(id);
    if (span === undefined) return;
    holds.delete(id);
    span.setAttribute('giveway.outcome', outcome);
    if (error !== undefined) {
      const cause = error instanceof Error ? error : new Error(String(error));
      span.recordException(cause);
      span.setStatus({ code: 2, message: cause.message });
    }
    span.end();
  };

  const subscription = listen(locker, {
    acquired: (event) => {
      if (event.waitedMs >= minWaitMs) waited(event.waitedMs, { ...attributesOf(event), 'giveway.outcome': 'acquired' });
      const attributes = attributesOf(event);
      attributes['giveway.protected'] = event.isProtected;
      const span = tracer.startSpan('giveway.hold', { attributes });
      // One that was not sampled keeps nothing: neither do we.
      if (span.isRecording()) holds.set(event.id, span);
    },
    skipped: (event) => {
      if (event.waitedMs < minWaitMs) return;
      const holder = withoutTokens(event.holders)[0];
      waited(event.waitedMs, {
        ...attributesOf(event),
        'giveway.outcome': 'skipped',
        'giveway.reason': event.reason,
        'giveway.busy_resource': event.resource,
        ...(holder === undefined ? {} : { 'giveway.holder': `${holder.job ?? ''}@${holder.host}:${holder.pid}` }),
      });
    },
    released: ({ id, release }) => end({ id, outcome: release }),
    lost: ({ id, reason, error }) => end({ id, outcome: `lost: ${reason}`, error }),
    'release-failed': ({ id, error }) => end({ id, outcome: 'release-failed', error }),
  });
  return {
    [Symbol.dispose]() {
      subscription[Symbol.dispose]();
      for (const id of [...holds.keys()]) end({ id, outcome: 'unobserved' });
    },
  };
}

function attributesOf({ scope, job }: Pick<LockerEvents['acquired'], 'scope' | 'job'>): Attributes {
  const attributes: Attributes = { 'giveway.scope': scopeLabel(scope) };
  if (job !== undefined) attributes['giveway.job'] = job;
  return attributes;
}
