import type { Clock } from '../../lock/clock.ts';
import type { JournalPool } from './pool.ts';
import { sweptAtOnce } from './table.ts';

const everyMs = 60_000;
/** Then it is the writer's turn again. */
const longestMs = 1_000;

/**
 * Deletes what is older than `retentionMs`, once a minute. All of it: a fleet can write more in a minute than one statement should
 * delete. What takes longer than `longestMs` is continued at the next call. Rejects with the database's error.
 */
export function createSweep(query: JournalPool['query'], statement: string, retentionMs: number, clock: Clock): () => Promise<void> {
  let nextMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const startMs = clock.monotonicMs();
    if (startMs < nextMs || retentionMs === Number.POSITIVE_INFINITY) return;
    nextMs = startMs + everyMs;
    const before = new Date(Math.max(clock.wallMs() - retentionMs, 0));
    let swept = sweptAtOnce;
    while (swept === sweptAtOnce && clock.monotonicMs() - startMs < longestMs) {
      const { rows } = await query(statement, [before]);
      swept = (rows[0] as { swept: number } | undefined)?.swept ?? 0;
    }
    if (swept === sweptAtOnce) nextMs = startMs;
  };
}
