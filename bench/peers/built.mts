import { fileURLToPath } from 'node:url';

// Inside the repository, so that the packages are found.
const folder = new URL('../../.giveway/bench-peers/', import.meta.url);

/** Where `buildGiveway` puts a module. */
export function built(name: string): string {
  return new URL(`${name}.mjs`, folder).href;
}

/** Bundles what is measured as it is shipped, without the rest. */
export async function buildGiveway(): Promise<void> {
  const [{ build }, { default: shipped }] = await Promise.all([import('tsdown'), import('../../tsdown.config.ts')]);
  await build({
    ...shipped,
    config: false,
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    entry: {
      index: 'src/index.ts',
      memcached: 'src/stores/memcached/index.ts',
      redis: 'src/stores/redis/index.ts',
      postgres: 'src/stores/postgres/index.ts',
    },
    format: 'esm',
    outDir: fileURLToPath(folder),
    dts: false,
    exports: false,
    hooks: {},
    logLevel: 'error',
  });
}
