import type { LockStore } from '../lock/store.ts';
import { hostsOf, type StoreUrl, withoutParameters } from './store-url.ts';

/** How one backend is written as a URL, and how such a URL becomes a store. */
export interface Backend {
  /** For people. */
  readonly example: string;
  /** The parameters that are giveway's, with the form of their values. */
  readonly parameters: Readonly<Record<string, ParameterForm>>;
  /** Set where other parameters are the client's business; elsewhere they are refused. */
  readonly passesOn?: true;
  /** What is wrong with the hosts or the name, if anything, in words that repeat nothing of the URL. */
  problem(url: StoreUrl): string | undefined;
  /** Loads the backend, which nothing else does. */
  open(url: StoreUrl): Promise<LockStore>;
}

export type ParameterForm = 'milliseconds' | 'true or false' | 'text';

const memory: Backend = {
  example: 'memory:',
  parameters: {},
  problem: ({ authority, path }) => (authority + path === '' ? undefined : 'nothing may follow "memory:"'),
  open: async () => (await import('../stores/memory.ts')).memoryStore(),
};

const memcached: Backend = {
  example: 'memcached://user:password@host:11211,host2:11211',
  parameters: { timeoutMs: 'milliseconds', verifyRelease: 'true or false', quarantine: 'true or false' },
  problem: (url) => hostProblem(url, 11_211),
  open: async ({ authority, username, password, parameters }) => {
    const { memcachedStore } = await import('../stores/memcached/index.ts');
    return memcachedStore({ servers: authority, ...(username && password ? { username, password } : {}), ...typed(memcached, parameters) });
  },
};

const postgres: Backend = {
  example: 'postgres://user:password@host:5432/database',
  parameters: { table: 'text', createTable: 'true or false', listen: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => {
    const hosts = url.authority === '' ? [] : hostsOf(url, 5_432);
    return typeof hosts === 'string' ? hosts : undefined;
  },
  open: async (url) => {
    const { postgresStore } = await import('../stores/postgres/index.ts');
    return postgresStore({
      connectionString: withoutParameters(url, Object.keys(postgres.parameters)),
      ...typed(postgres, url.parameters),
    });
  },
};

/** Every kind of store URL, by its scheme. */
export const backends: ReadonlyMap<string, Backend> = new Map([
  ['memcached', memcached],
  ['postgres', postgres],
  ['postgresql', postgres],
  ['memory', memory],
]);

function hostProblem(url: StoreUrl, defaultPort: number): string | undefined {
  const hosts = hostsOf(url, defaultPort);
  if (typeof hosts === 'string') return hosts;
  if (url.path.length > 1) return 'nothing but parameters may follow the hosts';
  return (url.username === undefined) === (url.password === undefined) ? undefined : 'a user name and a password belong together';
}

/** giveway's own parameters as the options of a store. */
function typed(
  { parameters: forms }: Backend,
  parameters: ReadonlyMap<string, string>,
): Readonly<Record<string, string | number | boolean>> {
  const given = [...parameters].filter(([name]) => name in forms);
  return Object.fromEntries(
    given.map(([name, text]) => [name, { milliseconds: Number(text), 'true or false': text === 'true', text }[forms[name] ?? 'text']]),
  );
}
