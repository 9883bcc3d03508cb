import type { LockScope, Need, ResolvedOptions, ResolvedScope, RunOptions, TableOptions } from '../options.ts';
import type { StoreNotice } from '../store.ts';
import { normalizeName, requireListed, schemaOf, tableOf } from './names.ts';
import { resolveOptions } from './options.ts';
import { needsOf, resolveScope } from './scope.ts';
import type { Settings } from './settings.ts';

/** What a call asks for, checked and complete. */
export interface Plan {
  readonly scope: ResolvedScope;
  readonly needs: readonly Need[];
  readonly options: ResolvedOptions;
}

const remembered = 2_048;
const noSettings: TableOptions = {};

/** Works out what calls ask for. Throws `InvalidOptionError` and `UnknownResourceError` before anything is sent. */
export class Plans {
  readonly #settings: Settings;
  readonly #names = new Map<unknown, string>();
  readonly #plain = new Map<string, Plan>();
  /** Where neither the call nor a table says anything. */
  #plainOptions: ResolvedOptions | undefined;
  /** The store's usual wait may be another at the next call. */
  readonly #varies: boolean;
  #notice: ((notice: StoreNotice) => void) | undefined;

  /** `notice` hears once if a mode is taken as `write`, since the store has room for one holder only. */
  constructor(settings: Settings, notice?: (notice: StoreNotice) => void) {
    this.#settings = settings;
    this.#notice = notice;
    this.#varies = settings.store.traits.usualWaitMs !== undefined;
  }

  /** A plain name with no options of its own means the same each time: it is worked out once. */
  of(scope: LockScope, options: RunOptions | undefined, weak?: RunOptions): Plan {
    if (typeof scope !== 'string' || options !== undefined || weak !== undefined || this.#varies) return this.#make(scope, options, weak);
    return remember(this.#plain, scope, () => this.#make(scope, undefined, undefined));
  }

  scope(scope: LockScope): ResolvedScope {
    const resolved = resolveScope(scope, (name, path) => this.name(name, path));
    if (this.#settings.allowUnlisted) return resolved;
    const { writes, appends, reads } = resolved;
    for (const name of [...writes, ...appends, ...reads]) requireListed(name, this.#settings.tables, this.#settings.names);
    return resolved;
  }

  name(name: unknown, path = 'resource'): string {
    return remember(this.#names, name, () => normalizeName(name, this.#settings.names, path));
  }

  /** The schema-level resource that covers `resource`, if it is listed. */
  readonly listedSchemaOf = (resource: string): string | undefined => {
    const { tables, names } = this.#settings;
    if (tables.size === 0 || names.exact) return undefined;
    const schema = schemaOf(resource, names.defaultSchema);
    return schema !== undefined && tables.has(schema) ? schema : undefined;
  };

  #make(scope: LockScope, options: RunOptions | undefined, weak: RunOptions | undefined): Plan {
    const { tables: settingsOf, defaults, names } = this.#settings;
    const resolved = this.scope(scope);
    const bare = this.#possible(needsOf(resolved, this.listedSchemaOf));
    const tables = bare.map(({ resource }) => settingsOf.get(resource) ?? settingsOf.get(tableOf(resource, names)) ?? noSettings);
    const needs = tables.some(({ limits }) => limits !== undefined) ? bare.map((need, index) => withLimit(need, tables[index])) : bare;
    const areSet = tables.some((table) => table !== noSettings);
    if (options !== undefined || weak !== undefined || areSet || this.#varies) {
      return { scope: resolved, needs, options: resolveOptions(options, areSet ? tables : [], defaults, weak) };
    }
    this.#plainOptions ??= resolveOptions(undefined, [], defaults);
    return { scope: resolved, needs, options: this.#plainOptions };
  }

  #possible(needs: readonly Need[]): readonly Need[] {
    const { name, exclusiveOnly } = this.#settings.store.traits;
    if (!exclusiveOnly || needs.every(({ mode }) => mode === 'write')) return needs;
    const message = `The store ${name} has room for one holder only: append and read are taken as write`;
    this.#notice?.({ code: 'ERR_GIVEWAY_MODES', message });
    this.#notice = undefined;
    return needs.map(({ resource }) => ({ resource, mode: 'write' }));
  }
}

function withLimit(need: Need, table: TableOptions | undefined): Need {
  const limit = need.mode === 'append' ? table?.limits?.appends : need.mode === 'read' ? table?.limits?.reads : undefined;
  return limit === undefined ? need : { ...need, limit };
}

/** What was worked out before, or `make` it. Forgets all once it is too much. */
export function remember<K, V>(memory: Map<K, V>, key: K, make: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (memory.size >= remembered) memory.clear();
  memory.set(key, made);
  return made;
}
