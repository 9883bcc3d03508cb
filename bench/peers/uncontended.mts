import type { Session } from './contenders.mts';

export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** One after another, each on a key nobody else wants. */
export async function sequential(session: Session, pairs: number): Promise<Latency> {
  const timesMs: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const startMs = performance.now();
    await (await session.take(`seq-${pair % 100}`))();
    timesMs.push(performance.now() - startMs);
  }
  timesMs.sort((a, b) => a - b);
  return { p50Ms: timesMs[Math.floor(pairs * 0.5)] ?? 0, p99Ms: timesMs[Math.floor(pairs * 0.99)] ?? 0 };
}

/** Pairs of lock and unlock per second with `inFlight` at a time, each on a key of its own. */
export async function inFlight(session: Session, width: number, pairs: number): Promise<number> {
  let left = pairs;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: width }, async (_, lane) => {
      while (left-- > 0) await (await session.take(`lane-${lane}`))();
    }),
  );
  return (pairs / (performance.now() - startMs)) * 1_000;
}
