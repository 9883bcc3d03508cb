import { control } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';

export const sqlite: Backend = {
  example: 'sqlite:/var/lib/app/locks.db',
  login: 'none',
  parameters: { timeoutMs: 'milliseconds', flush: 'true or false', driver: 'text' },
  problem: ({ authority, path }) => {
    if (authority !== '') return 'the absolute path of a file may follow, after one slash or three';
    const file = decoded(path);
    if (file === undefined) return 'in the path write % as %25';
    if (control.test(file)) return 'its path must be text without control characters';
    return file.endsWith('/') ? "a file's name is missing" : undefined;
  },
  open: async (url) => {
    const { sqliteStore } = await import('../../stores/sqlite/index.ts');
    const file = decodeURIComponent(url.path);
    return sqliteStore({ ...(file !== '' && { file }), ...optionsIn(url, sqlite) });
  },
};

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
