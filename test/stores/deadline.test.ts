import { describe, expect, jest, test } from '@jest/globals';
import { withDeadline } from '../../src/stores/deadline.ts';

/** Holds up the event loop, as a busy process does. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('withDeadline', () => {
  test('an answer that had arrived while the loop was blocked counts, and nobody is told of a timeout', async () => {
    const onTimeout = jest.fn();
    const answer = new Promise<string>((resolve) => {
      setTimeout(() => setImmediate(resolve, 'arrived'), 5);
    });
    const outcome = withDeadline(answer, 5, 'Backend', onTimeout);
    block(30);
    expect(await outcome).toBe('arrived');
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(onTimeout).not.toHaveBeenCalled();
  });

  test('silence is StoreUnavailableError, and the caller is told so that it can give up', async () => {
    const onTimeout = jest.fn();
    const outcome = withDeadline(new Promise(() => {}), 5, 'Backend', onTimeout);
    await expect(outcome).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      code: 'ERR_GIVEWAY_STORE_TIMEOUT',
      message: 'Backend: no answer within 5 ms',
    });
    expect(onTimeout).toHaveBeenCalledTimes(1);
  });

  test('a failure passes through as it is', async () => {
    const failure = new Error('refused');
    const onTimeout = jest.fn();
    await expect(withDeadline(Promise.reject(failure), 5, 'Backend', onTimeout)).rejects.toBe(failure);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(onTimeout).not.toHaveBeenCalled();
  });
});
