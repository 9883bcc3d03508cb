import { fileURLToPath } from 'node:url';
import { type LoadOptions, loadConfig, loadLocker } from '../src/config/index.ts';
import type { ResourceLocker } from '../src/index.ts';
import type { Locks } from './messages.ts';

/** The config file lists the tables that may be locked; the demo only says where the locks live. */
function options(overrides: Partial<Locks>): LoadOptions {
  return { file: fileURLToPath(new URL('giveway.config.json', import.meta.url)), env: {}, overrides };
}

export function openLocker(locks: Locks): Promise<ResourceLocker> {
  return loadLocker(options(locks));
}

/** The store's URL without credentials. Rejects with `ConfigError` if it is no store URL. */
export async function nameStore(store: string): Promise<string> {
  return (await loadConfig(options({ store }))).store.label;
}
