import { InvalidOptionError, UnknownResourceError } from '../errors.ts';
import { nearestNames } from '../nearest.ts';

/** Longest resource name, in bytes of UTF-8. */
const maxNameBytes = 255;

const allowed = `a name is a non-empty string of at most ${maxNameBytes} bytes without control characters`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controlCharacter = /[\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]/;
const survivesFolding = /^[a-z_\u00a1-\uffff][a-z0-9_$\u00a1-\uffff]*$/;

/**
 * The one normaliser for config, locker and SQL: folds to lower case what is not quoted, drops quotes that change
 * nothing and the default schema. `Public."events"` is `events`; `"Events"` stays `"Events"`.
 * What follows the first `/` is a part of the name without schemas: `public.events/ACME` is `events/acme`.
 */
export function normalizeName(name: unknown, defaultSchema: string | undefined, path = 'resource'): string {
  if (typeof name !== 'string' || name.trim() === '' || controlCharacter.test(name) || !isWellFormed(name))
    throw new InvalidOptionError(path, name, allowed);
  if (Buffer.byteLength(name) > maxNameBytes)
    throw new InvalidOptionError(path, name, `${allowed}; this one has ${Buffer.byteLength(name)}`);
  const slash = firstUnquoted(name, '/', path);
  const table = slash === -1 ? name : name.slice(0, slash);
  const rest = slash === -1 ? '' : name.slice(slash);
  const parts = splitUnquoted(table, path).map((part) => foldPart(part, name, path));
  const [first, second] = parts;
  const kept = parts.length === 2 && first === defaultSchema && second !== '*' ? [second] : parts;
  return kept.join('.') + rest.toLowerCase();
}

/**
 * The schema-level resource that covers `resource`: `analytics.visits` → `analytics.*`, and where `defaultSchema` is
 * `public`, `events` → `public.*`.
 */
export function schemaOf(resource: string, defaultSchema?: string): string | undefined {
  if (resource.endsWith('.*') || resource.startsWith(firePrefix)) return undefined;
  const table = resource.includes('/') ? tableOf(resource) : resource;
  const dot = table.startsWith('"') ? table.indexOf('".') + 1 : table.indexOf('.');
  const schema = dot > 0 ? table.slice(0, dot) : defaultSchema;
  return schema === undefined ? undefined : `${schema}.*`;
}

/** What the name of a schedule's fire begins with. It sorts before every table, so that a table can be waited for inside. */
export const firePrefix = '!fire/';

/** The table of a name with a tenant or the like behind it: `events/acme` → `events`. */
export function tableOf(resource: string): string {
  const slash = firstUnquoted(resource, '/', 'resource');
  return slash === -1 ? resource : resource.slice(0, slash);
}

/** Refuses names that nobody listed, with the listed names nearest to them. The fires of a schedule are no tables, and need no listing. */
export function requireListed(resource: string, listed: ReadonlySet<string>): void {
  if (listed.has(resource) || listed.has(tableOf(resource)) || resource.startsWith(firePrefix)) return;
  throw new UnknownResourceError(resource, nearestNames(resource, listed));
}

function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

function foldPart(part: string, name: string, path: string): string {
  if (part === '') throw new InvalidOptionError(path, name, 'a part of a dotted name is empty');
  if (!part.startsWith('"')) return part.toLowerCase();
  const inner = part.slice(1, -1).replaceAll('""', '"');
  return survivesFolding.test(inner) && inner === inner.toLowerCase() ? inner : part;
}

function splitUnquoted(text: string, path: string): string[] {
  const parts: string[] = [];
  let rest = text;
  for (let dot = firstUnquoted(rest, '.', path); dot !== -1; dot = firstUnquoted(rest, '.', path)) {
    parts.push(rest.slice(0, dot));
    rest = rest.slice(dot + 1);
  }
  return [...parts, rest];
}

function firstUnquoted(text: string, character: string, path: string): number {
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '"') quoted = !quoted;
    else if (!quoted && text[index] === character) return index;
  }
  if (quoted) throw new InvalidOptionError(path, text, 'a quote is not closed');
  return -1;
}
