import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of the clock that all processes of this host share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Node's timers are up to this late, and a little more. */
const timerLateMs = 1.5;

/** To the tenth of a millisecond: a timer, and the last bit by turns of the event loop, in which others get theirs. */
export async function holdFor(ms: number): Promise<void> {
  const endMs = nowMs() + ms;
  if (ms > timerLateMs) await sleep(ms - timerLateMs);
  while (nowMs() < endMs) await nextTurn();
}
