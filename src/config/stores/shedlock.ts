import { closingToo, redisClient } from '../clients.ts';
import { withoutParameters } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';
import { hostProblem, redisProblem } from './hosts.ts';
import { memcached } from './memcached.ts';

/** What comes before the scheme of a backend for locks that ShedLock holds too. */
const shedlock = 'shedlock+';

export const shedlockPostgres: Backend = {
  example: 'shedlock+postgres://user:password@host:5432/database?usingDbTime=true',
  login: 'any',
  parameters: { usingDbTime: 'true or false', timeZone: 'text', table: 'text', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => {
    const isByDatabase = url.parameters.get('usingDbTime') === 'true';
    return isByDatabase === url.parameters.has('timeZone')
      ? 'either usingDbTime=true or timeZone=Area/City, the zone of the JVMs, is needed'
      : hostProblem(url, 5_432);
  },
  open: async (url) => {
    const { shedlockTable } = await import('../../stores/shedlock/index.ts');
    const connectionString = withoutParameters(url, Object.keys(shedlockPostgres.parameters)).slice(shedlock.length);
    const timeZone = url.parameters.get('timeZone');
    const options = optionsIn(url, shedlockPostgres, ['usingDbTime', 'timeZone']);
    return shedlockTable({ connectionString, usingDbTime: timeZone === undefined ? true : { timeZone }, ...options });
  },
};

export const shedlockRedis: Backend = {
  example: 'shedlock+redis://user:password@host:6379/0',
  login: 'password',
  parameters: { environment: 'text', keyPrefix: 'text', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: redisProblem,
  open: async (url) => {
    const { shedlockRedis: openStore } = await import('../../stores/shedlock/index.ts');
    const { client, end } = await redisClient(withoutParameters(url, Object.keys(shedlockRedis.parameters)).slice(shedlock.length));
    return closingToo(end, () => openStore({ client, ...optionsIn(url, shedlockRedis) }));
  },
};

export const shedlockMemcached: Backend = {
  example: 'shedlock+memcached://user:password@host:11211',
  login: 'both or none',
  parameters: { environment: 'text', timeoutMs: 'milliseconds', protocol: 'text' },
  problem: (url) => (url.authority.includes(',') ? 'one host is allowed' : memcached.problem(url)),
  open: async (url) => {
    const { shedlockMemcached: openStore } = await import('../../stores/shedlock/index.ts');
    const { authority: servers, username, password } = url;
    const login = username && password ? { username, password } : {};
    return openStore({ servers, ...(url.scheme.endsWith('s') ? { tls: true } : {}), ...login, ...optionsIn(url, shedlockMemcached) });
  },
};
