/** What a worker runs: this checkout, or a packed version of the product. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Loaded when used: a worker starts in a third of a second, and there are hundreds of them.
const sources = {
  index: () => import('../../src/index.ts'),
  memcached: () => import('../../src/stores/memcached/index.ts'),
  redis: () => import('../../src/stores/redis/index.ts'),
  postgres: () => import('../../src/stores/postgres/index.ts'),
  mysql: () => import('../../src/stores/mysql/index.ts'),
};

type Modules = { readonly [Name in keyof typeof sources]: Awaited<ReturnType<(typeof sources)[Name]>> };

/** A module of the product. `packed`: the folder of a package; default: the sources. */
export function load<Name extends keyof Modules>(name: Name, packed?: string): Promise<Modules[Name]> {
  const source = sources[name] as () => Promise<Modules[Name]>;
  return packed === undefined ? source() : import(pathToFileURL(join(packed, 'dist', `${name}.mjs`)).href);
}
