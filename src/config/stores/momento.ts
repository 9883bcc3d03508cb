import { closingToo, momentoClient } from '../clients.ts';
import { type Backend, optionsIn } from './backend.ts';

export const momento: Backend = {
  example: 'momento:cache',
  parameters: { timeoutMs: 'milliseconds', local: 'text', layout: 'text' },
  problem: ({ authority, path }) => (authority !== '' && path === '' ? undefined : "a cache's name must follow"),
  open: async (url) => {
    const { momentoStore } = await import('../../stores/momento/index.ts');
    const { client, end } = await momentoClient(url.parameters.get('local'));
    return closingToo(end, () => momentoStore({ client, cacheName: url.authority, ...optionsIn(url, momento, ['local']) }));
  },
};
