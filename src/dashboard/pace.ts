import { setImmediate } from 'node:timers/promises';

/** As long as one piece of work may keep the process from all others. */
const sliceMs = 10;

/** Called between pieces of a long work: every ten milliseconds it lets others go first. */
export type Pace = () => Promise<void> | undefined;

export function pacer(): Pace {
  let sinceMonoMs = performance.now();
  return () =>
    performance.now() - sinceMonoMs < sliceMs
      ? undefined
      : setImmediate().then(() => {
          sinceMonoMs = performance.now();
        });
}
