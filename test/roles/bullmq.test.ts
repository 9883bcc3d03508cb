import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type ProcessServer, redisServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';

describeWith('redis', () => {
  let redis: ProcessServer;
  let user: Newcomer;
  beforeAll(async () => {
    redis = await redisServer();
    user = newcomer('bullmq', { REDIS_URL: redis.url });
  });
  afterAll(async () => {
    await user.leaves();
    await redis.stop();
  });

  test('a job whose table is taken gives its slot to another, and a worker that is told to end fails none', async () => {
    expect(await user.types('npm install giveway bullmq ioredis')).toMatchObject({ code: 0 });
    user.writes('worker.mjs');
    user.writes('add.mjs');
    const worker = user.starts('node worker.mjs');
    await worker.says('ready');
    expect(await user.types('node add.mjs')).toMatchObject({ code: 0, stderr: '' });
    const jobs = ['rollup', 'dedupe', 'import'];
    for (const job of jobs) await worker.says(`${job} is done`);
    worker.kill('SIGTERM');
    const { code, stdout, stderr } = await worker.ended;
    expect([code, stderr, stdout.trimEnd().split('\n').at(-1)]).toEqual([0, '', 'closed']);

    const at = (words: string): number => stdout.indexOf(words);
    const [first = '', second = ''] = ['rollup', 'dedupe'].sort((a, b) => at(`${a} begins`) - at(`${b} begins`));
    expect(at(`${first} is done`)).toBeLessThan(at(`${second} begins`));
    expect(at('import begins')).toBeLessThan(at(`${first} is done`));
  });
});
