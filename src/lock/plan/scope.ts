import { InvalidOptionError } from '../errors.ts';
import type { Mode } from '../holder.ts';
import type { LockScope, Names, Need, ResolvedScope } from '../options.ts';
import { schemaOf } from './names.ts';

/** One for all: most scopes have two of them, as long as the lock is held. */
const noNames: readonly string[] = Object.freeze([]);
const noSchema = (): undefined => undefined;
const fields = ['writes', 'appends', 'reads'] as const;
const modeOf = { writes: 'write', appends: 'append', reads: 'read' } as const;

/** Refuses empty scopes, unknown fields and a resource named in two modes. */
export function resolveScope(scope: LockScope, normalize: (name: unknown, path: string) => string): ResolvedScope {
  const wanted = typeof scope === 'string' || Array.isArray(scope) ? { writes: scope as Names } : (scope as Exclude<LockScope, Names>);
  if (typeof wanted !== 'object' || wanted === null) {
    throw new InvalidOptionError('scope', scope, 'a resource name, a list of names, or { writes, appends, reads } is allowed');
  }
  const seen = new Map<string, string>();
  const resolve = (field: keyof typeof modeOf): readonly string[] => {
    const names = new Set(
      toList(wanted[field], field).map((name, index) => normalize(name, typeof wanted[field] === 'string' ? field : `${field}[${index}]`)),
    );
    for (const name of names) {
      const other = seen.get(name);
      if (other !== undefined)
        throw new InvalidOptionError(
          `scope.${field}`,
          name,
          `"${name}" is in \`${other}\` already; name each resource in one mode, the strongest it needs`,
        );
      seen.set(name, field);
    }
    return names.size === 0 ? noNames : Object.freeze([...names].sort());
  };
  for (const field of Object.keys(wanted)) {
    if (!Object.hasOwn(modeOf, field))
      throw new InvalidOptionError(`scope.${field}`, (wanted as Record<string, unknown>)[field], 'writes, appends and reads are allowed');
  }
  // Locks, events and what is worked out once have it in common.
  const resolved = Object.freeze({ writes: resolve('writes'), appends: resolve('appends'), reads: resolve('reads') });
  if (seen.size === 0) throw new InvalidOptionError('scope', scope, 'at least one resource is needed');
  return resolved;
}

/** The same for all scopes that are written alike, and for no others. `undefined` for what is none. */
export function textOf(scope: Exclude<LockScope, string>): string | undefined {
  if (Array.isArray(scope)) return textOfNames(scope);
  let text = '';
  for (const field in scope) {
    const names = textOfNames(scope[field as keyof typeof scope]);
    if (names === undefined) return undefined;
    text += `${field}=${names};`;
  }
  return text;
}

function textOfNames(names: unknown): string | undefined {
  if (typeof names === 'string') return `${names.length}:${names}`;
  if (!Array.isArray(names)) return undefined;
  let text = '[';
  for (const name of names) {
    if (typeof name !== 'string') return undefined;
    text += `${name.length}:${name}`;
  }
  return text;
}

/**
 * What a scope takes from the store, in the order that keeps takers of several resources from deadlock. A table whose
 * schema-level resource is listed also appends to it: tables go together, and `write` on `analytics.*` excludes them all.
 * Whoever reads the whole and changes a part of it needs the whole alone.
 */
export function needsOf(scope: ResolvedScope, listedSchemaOf: (resource: string) => string | undefined = noSchema): readonly Need[] {
  const needs = new Map<string, Mode>();
  for (const field of fields) for (const resource of scope[field]) needs.set(resource, modeOf[field]);
  for (const [resource, mode] of [...needs]) {
    const schema = listedSchemaOf(resource);
    if (schema === undefined) continue;
    const whole = needs.get(schema);
    if (whole === undefined) needs.set(schema, 'append');
    else if (whole === 'read' && mode !== 'read') needs.set(schema, 'write');
  }
  return [...needs].map(([resource, mode]) => ({ resource, mode })).sort((a, b) => (isBefore(a.resource, b.resource) ? -1 : 1));
}

/** What messages name where nothing is known to be in the way. */
export function firstOf(scope: ResolvedScope): string {
  return needsOf(scope)[0]?.resource ?? '';
}

/** By name, but schemas come before tables and after the fires of schedules: so whoever holds a table can wait for any later one. */
export function isBefore(resource: string, other: string): boolean {
  return turnOf(resource) < turnOf(other);
}

function turnOf(resource: string): string {
  return resource.endsWith('.*') ? `!~${resource}` : resource;
}

/** The mode in which a scope covers `resource`, by name or through its schema, which for a bare name is `defaultSchema`. */
export function modeIn(scope: ResolvedScope, resource: string, defaultSchema?: string): Mode | undefined {
  const schema = schemaOf(resource, defaultSchema);
  const field = fields.find((each) => scope[each].includes(resource) || (schema !== undefined && scope[each].includes(schema)));
  return field && modeOf[field];
}

/** Does holding `held` already give what `asked` needs? */
export function covers(held: Mode, asked: Mode): boolean {
  return held === 'write' || held === asked;
}

function toList(names: Names | undefined, path: string): readonly unknown[] {
  if (names === undefined) return [];
  if (typeof names === 'string') return [names];
  if (Array.isArray(names)) return names;
  throw new InvalidOptionError(`scope.${path}`, names, 'a resource name or a list of names is allowed');
}
