import { normalizeName, requireListed, tableOf } from './names.ts';
import { type ResolvedOptions, type RunOptions, resolveOptions } from './options.ts';
import { type LockScope, type Need, needsOf, type ResolvedScope, resolveScope } from './scope.ts';
import type { Settings } from './settings.ts';

/** What a call asks for, checked and complete. */
export interface Plan {
  readonly scope: ResolvedScope;
  readonly needs: readonly Need[];
  readonly options: ResolvedOptions;
}

const remembered = 2_048;

/** Works out what calls ask for. Throws `InvalidOptionError` and `UnknownResourceError` before anything is sent. */
export class Plans {
  readonly #settings: Settings;
  readonly #names = new Map<unknown, string>();
  readonly #plain = new Map<string, Plan>();
  /** Where neither the call nor a table says anything. */
  #plainOptions: ResolvedOptions | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** A plain name with no options of its own means the same each time: it is worked out once. */
  of(scope: LockScope, options: RunOptions | undefined, weak?: RunOptions): Plan {
    if (typeof scope !== 'string' || options !== undefined || weak !== undefined) return this.#make(scope, options, weak);
    return remember(this.#plain, scope, () => this.#make(scope, undefined, undefined));
  }

  scope(scope: LockScope): ResolvedScope {
    const resolved = resolveScope(scope, (name, path) => this.name(name, path));
    if (this.#settings.allowUnlisted) return resolved;
    for (const names of [resolved.writes, resolved.appends, resolved.reads]) {
      for (const name of names) requireListed(name, this.#settings.listed);
    }
    return resolved;
  }

  name(name: unknown, path = 'resource'): string {
    return remember(this.#names, name, () => normalizeName(name, this.#settings.defaultSchema, path));
  }

  #make(scope: LockScope, options: RunOptions | undefined, weak: RunOptions | undefined): Plan {
    const { tables: settingsOf, listed, defaults } = this.#settings;
    const resolved = this.scope(scope);
    const needs = needsOf(resolved, listed);
    const tables = needs.flatMap(({ resource }) => settingsOf.get(resource) ?? settingsOf.get(tableOf(resource)) ?? []);
    if (options !== undefined || weak !== undefined || tables.length > 0) {
      return { scope: resolved, needs, options: resolveOptions(options, tables, defaults, weak) };
    }
    this.#plainOptions ??= resolveOptions(undefined, [], defaults);
    return { scope: resolved, needs, options: this.#plainOptions };
  }
}

function remember<K, V>(memory: Map<K, V>, key: K, make: () => V): V {
  const known = memory.get(key);
  if (known !== undefined) return known;
  const made = make();
  if (memory.size >= remembered) memory.clear();
  memory.set(key, made);
  return made;
}
