import { castOf } from './cast.ts';
import type { ForecastInput } from './options.ts';
import { firesOf, scriptOf } from './script.ts';

/** A table that a job is expected to hold. */
export interface ExpectedHold {
  readonly table: string;
  readonly job: string;
  readonly from: Date;
  readonly to: Date;
}

/** The middle one of what was seen. */
const usual = 0.5;

/**
 * What the jobs with a schedule will hold if nobody is in their way: from each fire, for as long as is usual. Throws
 * `InvalidOptionError` and `UnknownResourceError` for jobs that cannot be.
 */
export function expectedHolds(input: Omit<ForecastInput, 'plays' | 'seed' | 'onPlay'>): readonly ExpectedHold[] {
  const script = scriptOf(castOf(input), input.fromMs, input.toMs);
  return script.jobs.flatMap(({ name, needs, holds }, job) =>
    firesOf(script, job).flatMap((atMs) =>
      needs.map(({ resource }) => ({ table: resource, job: name, from: new Date(atMs), to: new Date(atMs + holds.quantileMs(usual)) })),
    ),
  );
}
