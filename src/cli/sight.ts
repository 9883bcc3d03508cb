import type { LoadedConfig } from '../config/index.ts';
import { placesTaken, printable } from '../lock/holder.ts';
import { firePrefix, nameRules, normalizeName, requireListed, schemaOf } from '../lock/plan/names.ts';
import { keyOn, keyPrefix, resourceOfKey } from '../lock/record/keys.ts';
import { decodeRecord, type Entrant, type Waiting } from '../lock/record/record.ts';
import type { LockStore, Version } from '../lock/store.ts';

/** What stands under one resource's key, and who is next in line. */
export interface Sight {
  readonly resource: string;
  /** `unreadable`: something that this version of giveway cannot read, and so never overwrites. `unknown`: its server did not answer. */
  readonly state: 'free' | 'held' | 'min-hold' | 'unreadable' | 'unknown';
  readonly holders: readonly Entrant[];
  /** In line, who comes next first. */
  readonly waiting: readonly Waiting[];
  readonly version: Version | undefined;
}

/** Looks at records, as the workers of one config would find them. A read, never an acquire. */
export interface Observer {
  readonly store: LockStore;
  /** Whether the store can say what is in it; else only the listed resources are known. */
  readonly canList: boolean;
  /** Those that the store can list, which are held, then the listed ones. Without what is no table: fires of schedules, the doctor's own keys. */
  resources(): Promise<readonly string[]>;
  /** Throws `InvalidOptionError` or `UnknownResourceError`. */
  nameOf(resource: string): string;
  /** By its normalised name. */
  isListed(name: string): boolean;
  /** The listed schema that everybody takes together with this table, as `analytics.*` with `analytics.visits`. */
  listedSchemaOf(name: string): string | undefined;
  keyOf(name: string): string;
  look(name: string): Promise<Sight>;
  close(): Promise<void>;
}

/** What the names that `giveway doctor` tries a store with begin with. */
export const probePrefix = '!doctor/';

/** Opens the config's store. Rejects as `StoreSource.open` does. */
export async function observe(config: LoadedConfig): Promise<Observer> {
  const { namespace = 'giveway', environment, defaultSchema, database, dialect, resources, allowUnlisted } = config;
  const store = await config.store.open();
  const { exactNames } = store.traits;
  const rules = { ...nameRules({ defaultSchema, database, dialect }), exact: exactNames };
  const listed = Object.keys(resources ?? {});
  const keyOf = (name: string): string => keyOn(store.traits, namespace, environment, name);
  return {
    store,
    canList: store.list !== undefined,
    keyOf,
    async resources() {
      const prefix = exactNames ? '' : keyPrefix(namespace, environment);
      const names = new Set<string>();
      for await (const { key } of store.list?.(prefix) ?? []) {
        const name = exactNames ? key : resourceOfKey(prefix, key);
        if (name !== undefined && !name.startsWith(firePrefix) && !name.startsWith(probePrefix)) names.add(name);
      }
      return [...new Set([...[...names].sort(), ...listed])];
    },
    nameOf(resource) {
      const name = normalizeName(resource, rules);
      if (resources !== undefined && !allowUnlisted) requireListed(name, new Set(listed), rules);
      return name;
    },
    isListed: (name) => listed.includes(name),
    listedSchemaOf(name) {
      const schema = rules.exact ? undefined : schemaOf(name, rules.defaultSchema);
      return schema !== undefined && listed.includes(schema) ? schema : undefined;
    },
    async look(name) {
      const key = keyOf(name);
      const entry = await store.read(key);
      const { holders, line } = entry === undefined ? nobody : (decodeRecord(entry.value) ?? unreadable);
      return { resource: name, state: stateOf(holders), holders: holders ?? [], waiting: line, version: entry?.version };
    },
    close: async () => (config.store.closesStore ? store.close().catch(() => {}) : undefined),
  };
}

const nobody = { holders: [], line: [] };
const unreadable = { holders: undefined, line: [] };

function stateOf(holders: readonly Entrant[] | undefined): Sight['state'] {
  if (holders === undefined) return 'unreadable';
  if (holders.length === 0) return 'free';
  return holders.every(({ minHold }) => minHold) ? 'min-hold' : 'held';
}

export function unknownSight(resource: string): Sight {
  return { resource, state: 'unknown', holders: [], waiting: [], version: undefined };
}

/** For programs. Without tokens: whoever knows one could end the lock. */
export function sightJson({ resource, state, holders, waiting }: Sight): object {
  return { resource, state, places: placesTaken(holders), holders: holders.map(holderJson), waiting: waiting.map(waitingJson) };
}

function holderJson({ latestEnd, until, minHold, ...holder }: Entrant): object {
  const endMs = minHold ? until : latestEnd;
  return {
    ...named(holder),
    latestEnd: endMs === undefined ? undefined : new Date(endMs).toISOString(),
    until: new Date(until).toISOString(),
    state: minHold ? 'min-hold' : 'holding',
  };
}

function waitingJson(waiting: Waiting, index: number): object {
  return { ...named(waiting), state: 'waiting', place: index + 1 };
}

function named({ mode, job, host, pid, since, limit }: Pick<Waiting, 'mode' | 'job' | 'host' | 'pid' | 'since' | 'limit'>): object {
  return { mode, ...shownNames({ job, host }), pid, since: new Date(since).toISOString(), limit };
}

/** What others call themselves, as it may be shown. */
export function shownNames({ job, host }: { readonly job?: string | undefined; readonly host: string }): {
  job: string | undefined;
  host: string;
} {
  return { job: job === undefined ? undefined : printable(job), host: printable(host) };
}
