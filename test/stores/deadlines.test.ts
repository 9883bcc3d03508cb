import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { createDeadlines, type Timed, timeLimit, withDeadline } from '../../src/stores/deadlines.ts';

const timeoutMs = 20;

function call(): Timed {
  return { older: undefined, newer: undefined, endMs: 0 };
}

/** Holds up the event loop, as a busy process does. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('deadlines of all calls of a store', () => {
  test('each call that is not ended in time is told of, in its turn, and no other', async () => {
    const late: Timed[] = [];
    const deadlines = createDeadlines(timeoutMs, (each) => late.push(each));
    const calls = Array.from({ length: 6 }, call);
    for (const each of calls) deadlines.begin(each);
    for (const ended of [0, 3, 5]) deadlines.end(calls[ended] as Timed); // the oldest, one between, the newest
    const startMs = performance.now();
    await sleep(timeoutMs / 2);
    const younger = call();
    deadlines.begin(younger);
    while (late.length < 3) await sleep(1);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(timeoutMs - 1);
    expect(late.map((each) => calls.indexOf(each))).toEqual([1, 2, 4]);
    while (late.length < 4) await sleep(1);
    expect(late[3]).toBe(younger);
    expect(younger.endMs).toBeLessThanOrEqual(performance.now());
  });

  test('after a blocked loop every late call, and not the oldest alone, waits for what had arrived', async () => {
    const late: Timed[] = [];
    const deadlines = createDeadlines(timeoutMs, (each) => late.push(each));
    const calls = Array.from({ length: 50 }, call);
    for (const each of calls) deadlines.begin(each);
    // Their answers stand in the socket, so to say: they are read in the round after the timers.
    setTimeout(() => setImmediate(() => calls.slice(0, 49).forEach(deadlines.end)), timeoutMs);
    block(3 * timeoutMs);
    while (late.length === 0) await sleep(1);
    expect(late).toEqual([calls[49]]);
  });

  test('calls that come while the late ones are judged have their whole time', async () => {
    const late: { each: Timed; atMs: number }[] = [];
    const deadlines = createDeadlines<Timed>(timeoutMs, (each) => {
      late.push({ each, atMs: performance.now() });
      if (late.length === 1) deadlines.begin(second);
    });
    const [first, second] = [call(), call()];
    deadlines.begin(first);
    while (late.length < 2) await sleep(1);
    expect((late[1]?.atMs ?? 0) - (late[0]?.atMs ?? 0)).toBeGreaterThanOrEqual(timeoutMs - 1);
  });

  test('there is one timer, which is made once in a time limit however many calls there are, and which keeps an idle process no longer', async () => {
    const made = jest.spyOn(globalThis, 'setTimeout');
    const deadlines = createDeadlines(60_000, () => {});
    for (let serial = 0; serial < 1_000; serial += 1) {
      const each = call();
      deadlines.begin(each);
      deadlines.end(each);
    }
    expect(made).toHaveBeenCalledTimes(1);
    const timer = made.mock.results[0]?.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    const pending = call();
    deadlines.begin(pending);
    expect(timer.hasRef()).toBe(true);
    deadlines.end(pending);
    expect(timer.hasRef()).toBe(false);
    clearTimeout(timer);
    made.mockRestore();
  });
});

describe('timeLimit', () => {
  test("silence is StoreUnavailableError, and the caller is told so that it can give up; what comes later is nobody's", async () => {
    const onTimeout = jest.fn();
    const limit = timeLimit(timeoutMs, 'Backend');
    let answerLate = (_: string): void => {};
    const silent = limit(new Promise<string>((resolve) => (answerLate = resolve)), onTimeout);
    await expect(silent).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'ERR_GIVEWAY_STORE_TIMEOUT',
      message: `Backend: no answer within ${timeoutMs} ms`,
    });
    expect(onTimeout).toHaveBeenCalledTimes(1);
    answerLate('late');
    await sleep(2 * timeoutMs);
    expect(await limit(Promise.resolve('in time'), onTimeout)).toBe('in time');
    await expect(limit(Promise.reject(new Error('refused')), onTimeout)).rejects.toThrow('refused');
    await sleep(2 * timeoutMs);
    expect(onTimeout).toHaveBeenCalledTimes(1);
  });
});

test('withDeadline: an answer that had arrived while the loop was blocked counts, and nobody is told of a timeout', async () => {
  const onTimeout = jest.fn();
  const answer = new Promise<string>((resolve) => {
    setTimeout(() => setImmediate(resolve, 'arrived'), timeoutMs);
  });
  const outcome = withDeadline(answer, timeoutMs, 'Backend', onTimeout);
  block(3 * timeoutMs);
  expect(await outcome).toBe('arrived');
  await sleep(timeoutMs);
  expect(onTimeout).not.toHaveBeenCalled();
});
