import { closingToo, redisClient } from '../clients.ts';
import { withoutParameters } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';
import { redisProblem } from './hosts.ts';

export const redis: Backend = {
  example: 'redis://user:password@host:6379/0',
  login: 'password',
  parameters: { prefix: 'text', fences: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: redisProblem,
  open: async (url) => {
    const { redisStore } = await import('../../stores/redis/index.ts');
    const { client, end } = await redisClient(withoutParameters(url, Object.keys(redis.parameters)));
    return closingToo(end, () => redisStore({ client, ...optionsIn(url, redis) }));
  },
};
