import { closingToo, momentoClient } from '../clients.ts';
import { hostsOf } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';

export const momento: Backend = {
  example: 'momento:cache',
  login: 'none',
  parameters: { timeoutMs: 'milliseconds', local: 'text', layout: 'text' },
  problem: ({ authority, path, parameters }) => {
    if (authority === '' || path !== '') return "a cache's name must follow";
    const local = hostsOf({ authority: parameters.get('local') ?? 'localhost' }, 8_080);
    return typeof local !== 'string' && local.length === 1 && !local[0]?.startsWith('[')
      ? undefined
      : 'its parameter "local" must be one host or host:port, and no IPv6 address';
  },
  open: async (url) => {
    const { momentoStore } = await import('../../stores/momento/index.ts');
    const { client, end } = await momentoClient(url.parameters.get('local'));
    return closingToo(end, () => momentoStore({ client, cacheName: url.authority, ...optionsIn(url, momento, ['local']) }));
  },
};
