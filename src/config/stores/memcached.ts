import { hostsOf } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';

export const memcached: Backend = {
  example: 'memcached://user:password@host:11211,host2:11211',
  login: 'both or none',
  parameters: { timeoutMs: 'milliseconds', verifyRelease: 'true or false', quarantine: 'true or false', protocol: 'text' },
  problem: (url) => {
    const hosts = hostsOf(url, 11_211);
    if (typeof hosts === 'string') return hosts;
    return url.path.length > 1 ? 'nothing but parameters may follow the hosts' : undefined;
  },
  open: async (url) => {
    const { memcachedStore } = await import('../../stores/memcached/index.ts');
    const { authority: servers, username, password } = url;
    const tls = url.scheme === 'memcacheds' ? { tls: true } : {};
    return memcachedStore({ servers, ...tls, ...(username && password ? { username, password } : {}), ...optionsIn(url, memcached) });
  },
};
