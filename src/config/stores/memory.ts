import type { Backend } from './backend.ts';

export const memory: Backend = {
  example: 'memory:',
  login: 'none',
  parameters: {},
  problem: ({ authority, path }) => (authority + path === '' ? undefined : 'nothing may follow "memory:"'),
  open: async () => (await import('../../stores/memory.ts')).memoryStore(),
};
