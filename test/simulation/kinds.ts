import type { StoreTraits } from '../../src/index.ts';

/** What a kind of backend is like, as far as a lock can tell. */
export interface Kind {
  readonly traits: StoreTraits;
  /** Versions carry a number that grows with every write of the store. */
  readonly hasFences: boolean;
  /** What a version is compared by: a number that starts anew with the server, one that never does, or the value alone. */
  readonly versions: 'number of this run' | 'number' | 'value';
}

const memory = { durable: false, mayForget: true, pushes: false, ttlGrainMs: 1 };

export const kinds = {
  memcached: {
    traits: { ...memory, name: 'memcached', ttlGrainMs: 1_000, appends: true },
    hasFences: false,
    versions: 'number of this run',
  },
  redis: {
    traits: { ...memory, name: 'redis', pushes: true, appends: true },
    hasFences: false,
    versions: 'number',
  },
  postgres: {
    traits: { ...memory, name: 'postgres', mayForget: false, durable: true, pushes: true, appends: true },
    hasFences: true,
    versions: 'number',
  },
  momento: {
    traits: { ...memory, name: 'momento' },
    hasFences: false,
    versions: 'value',
  },
} satisfies Record<string, Kind>;

export type KindName = keyof typeof kinds;
export const kindNames: readonly KindName[] = Object.keys(kinds) as KindName[];
