import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { timed } from './stopwatch.ts';

test('what the process was kept waiting is in the one time and not in the other', async () => {
  const { value, tookMs, awakeMs } = await timed(
    sleep(200).then(() => {
      const endMs = performance.now() + 600;
      while (performance.now() < endMs);
      return 'done';
    }),
  );
  expect(value).toBe('done');
  expect(tookMs).toBeGreaterThan(790);
  expect(awakeMs).toBeGreaterThan(20);
  expect(tookMs - awakeMs).toBeGreaterThan(500);
});

test('a failure is timed too', async () => {
  const failure = new Error('refused');
  expect(await timed(Promise.reject(failure))).toMatchObject({ error: failure });
});
