import { readFileSync } from 'node:fs';

/** How long the process's event loop was held up at most. */
export interface LongestBlock {
  /** Since the last call. */
  takeMs(): number;
}

const tickMs = 2;
/** The first thread has the process's number. */
const thread = `/proc/self/task/${process.pid}/schedstat`;

/**
 * Between two ticks the loop was held up for no longer than what passed, and for no longer than its thread computed: on a machine
 * that others use too, time also passes while the thread waits for its turn.
 */
export function longestBlock(): LongestBlock {
  let longestMs = 0;
  let monoMs = performance.now();
  let computed = computedMs();
  setInterval(() => {
    const passedMs = performance.now() - monoMs;
    longestMs = Math.max(longestMs, Math.min(passedMs, computedMs() - computed) - tickMs);
    monoMs = performance.now();
    computed = computedMs();
  }, tickMs).unref();
  return {
    takeMs() {
      const found = longestMs;
      longestMs = 0;
      return found;
    },
  };
}

/** By the thread alone where the system tells (Linux), else by the process with all its threads. */
function computedMs(): number {
  if (process.platform === 'linux') return Number(readFileSync(thread, 'utf8').split(' ')[0]) / 1e6;
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
