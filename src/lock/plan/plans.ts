import type { LockScope, Need, ResolvedOptions, ResolvedScope, RunOptions, TableOptions } from '../options.ts';
import type { StoreNotice } from '../store.ts';
import { normalizeName, requireListed, schemaOf, tableOf } from './names.ts';
import { complete, layered } from './options.ts';
import { needsOf, resolveScope, textOf } from './scope.ts';
import type { Settings } from './settings.ts';

/** What a call asks for, checked and complete. */
export interface Plan {
  readonly scope: ResolvedScope;
  readonly needs: readonly Need[];
  readonly options: ResolvedOptions;
}

/** What a scope comes to, whatever a call says besides: its options are those that everything else gives it. */
interface Outline extends Plan {
  /** The settings of its tables, if any has some. */
  readonly tables: readonly TableOptions[];
}

const remembered = 2_048;
const noSettings: TableOptions = {};
const noTables: readonly TableOptions[] = [];

/** Works out what calls ask for. Throws `InvalidOptionError` and `UnknownResourceError` before anything is sent. */
export class Plans {
  readonly #settings: Settings;
  readonly #names = new Map<unknown, string>();
  /** By a plain name, and by the text of a scope that is more than that: each means the same each time. */
  readonly #ofName = new Map<string, Outline>();
  readonly #ofText = new Map<string, Outline>();
  /** Where no table says anything. */
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

  of(scope: LockScope, options: RunOptions | undefined, weak?: RunOptions): Plan {
    const outline = this.#outline(scope);
    const { needs, tables } = outline;
    const isAsUsual = weak === undefined && !this.#varies;
    const base = isAsUsual ? outline.options : layered(tables, this.#settings.defaults, weak);
    const completed = complete(base, options, weak);
    return completed === outline.options ? outline : { scope: outline.scope, needs, options: completed };
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

  #outline(scope: LockScope): Outline {
    if (typeof scope === 'string') return remember(this.#ofName, scope, () => this.#draw(scope));
    const text = textOf(scope);
    return text === undefined ? this.#draw(scope) : remember(this.#ofText, text, () => this.#draw(scope));
  }

  #draw(wanted: LockScope): Outline {
    const { tables: settingsOf, defaults, names } = this.#settings;
    const scope = this.scope(wanted);
    const bare = this.#possible(needsOf(scope, this.listedSchemaOf));
    const found = bare.map(({ resource }) => settingsOf.get(resource) ?? settingsOf.get(tableOf(resource, names)) ?? noSettings);
    const needs = found.some(({ limits }) => limits !== undefined) ? bare.map((need, index) => withLimit(need, found[index])) : bare;
    this.#plainOptions ??= layered(noTables, defaults);
    const areSet = found.some((table) => table !== noSettings);
    if (!areSet) return { scope, needs, tables: noTables, options: this.#plainOptions };
    return { scope, needs, tables: found, options: layered(found, defaults) };
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
