import { InvalidOptionError, UnknownResourceError } from '../errors.ts';
import { nearestNames } from '../nearest.ts';
import { type Dialect, dialects, foldLetters, hasInvisibleEdge, isIdentifier, storedIdentifier, writtenIdentifier } from './identifiers.ts';

/** What may be left out of names, and how they are read. Names in it are normalised. */
export interface NameRules {
  readonly defaultSchema?: string | undefined;
  /** The only database that may stand before a schema. Without it, names of three parts stay as they are. */
  readonly database?: string | undefined;
  /** Default `'postgres'`. */
  readonly dialect?: Dialect | undefined;
  /** Names are left as they are, of any length: the store has them to itself, or shares them with other lock clients. */
  readonly exact?: boolean | undefined;
}

/** Longest resource name, in bytes of UTF-8. */
const maxNameBytes = 255;

const allowed = `a name is a non-empty string of at most ${maxNameBytes} bytes without control characters`;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controlCharacter = /[\u0000-\u001f\u007f\u0080-\u009f\u2028\u2029]/;
const quotedPart = /^"(?:[^"]|"")+"$/;

/**
 * The one normaliser for config, locker and SQL: reads each part as the database does, drops quotes that change nothing,
 * blanks around a part, the default schema and the database. `Public . "events"` is `events`; `"Events"` stays `"Events"`.
 * What follows the first `/` is a part of the name without schemas: `public.events/ACME` is `events/acme`.
 */
export function normalizeName(name: unknown, rules: NameRules = {}, path = 'resource'): string {
  if (typeof name !== 'string' || name.trim() === '' || controlCharacter.test(name) || !name.isWellFormed())
    throw new InvalidOptionError(path, name, allowed);
  if (rules.exact) return name;
  if (Buffer.byteLength(name) > maxNameBytes)
    throw new InvalidOptionError(path, name, `${allowed}; this one has ${Buffer.byteLength(name)}`);
  const table = upTo('/', name, path);
  const { dialect = 'postgres' } = rules;
  const parts = partsOf(table, path).map((part) => readPart(part, dialect, name, path));
  return withoutDefaults(parts, rules, name, path).join('.') + readTenant(name.slice(table.length), name, path);
}

/** The rules that the options of a locker come to. Throws `InvalidOptionError`. */
export function nameRules({
  defaultSchema,
  database,
  dialect = 'postgres',
}: Readonly<Record<'defaultSchema' | 'database' | 'dialect', unknown>>): NameRules & {
  readonly defaultSchema: string;
} {
  if (!dialects.includes(dialect as Dialect))
    throw new InvalidOptionError('dialect', dialect, `${dialects.map((each) => `'${each}'`).join(' or ')} is allowed`);
  const rules = { dialect: dialect as Dialect };
  const schema = onePart(defaultSchema ?? 'public', rules, 'defaultSchema', 'the name of one schema is allowed');
  if (database === undefined) return { ...rules, defaultSchema: schema };
  return { ...rules, defaultSchema: schema, database: onePart(database, rules, 'database', 'the name of one database is allowed') };
}

/**
 * The schema-level resource that covers `resource`: `analytics.visits` → `analytics.*`, and where `defaultSchema` is
 * `public`, `events` → `public.*`.
 */
export function schemaOf(resource: string, defaultSchema?: string): string | undefined {
  if (resource.endsWith('.*') || resource.startsWith(firePrefix)) return undefined;
  const table = resource.includes('/') ? tableOf(resource) : resource;
  const dot = lastUnquotedDot(table);
  const schema = dot > 0 ? table.slice(0, dot) : defaultSchema;
  return schema === undefined ? undefined : `${schema}.*`;
}

/** What the name of a schedule's fire begins with. It sorts before every table, so that a table can be waited for inside. */
export const firePrefix = '!fire/';

/** The table of a name with a tenant or the like behind it: `events/acme` → `events`. */
export function tableOf(resource: string, { exact }: NameRules = {}): string {
  return exact ? resource : upTo('/', resource, 'resource');
}

type Listing = Pick<ReadonlySet<string>, 'has'> & { keys(): Iterable<string> };

/** Refuses names that nobody listed, with the listed names nearest to them. The fires of a schedule are no tables, and need no listing. */
export function requireListed(resource: string, listed: Listing, rules: NameRules = {}): void {
  if (listed.has(resource) || listed.has(tableOf(resource, rules)) || resource.startsWith(firePrefix)) return;
  throw new UnknownResourceError(resource, nearestNames(resource, listed.keys()));
}

/** The name of one schema or database, folded like any name, or nothing would be in it. */
function onePart(value: unknown, rules: NameRules, path: string, onlyOne: string): string {
  const name = normalizeName(value, rules, path);
  if (/^(?:[^\s."/*]+|"[^"]+")$/.test(name)) return name;
  throw new InvalidOptionError(path, value, onlyOne);
}

function withoutDefaults(parts: readonly string[], { database, defaultSchema }: NameRules, name: string, path: string): readonly string[] {
  const hasDatabase = database !== undefined && parts.length > 2;
  if (hasDatabase && (parts[0] !== database || parts.length > 3))
    throw new InvalidOptionError(path, name, `tables of the database ${database} alone are allowed, as ${database}.schema.table`);
  const [schema, table = '', ...more] = hasDatabase ? parts.slice(1) : parts;
  if (more.length === 0 && schema === defaultSchema && table !== '' && table !== '*') return [table];
  return hasDatabase ? parts.slice(1) : parts;
}

function readPart(written: string, dialect: Dialect, name: string, path: string): string {
  const part = trimBlanks(written);
  if (part === '') throw new InvalidOptionError(path, name, 'a part of a dotted name is empty');
  if (quotedPart.test(part)) return writtenIdentifier(storedIdentifier(part.slice(1, -1).replaceAll('""', '"'), true, dialect));
  if (part.includes('"')) throw new InvalidOptionError(path, name, 'quotes must enclose a whole part of a dotted name');
  refuseInvisible(part, name, path);
  // Cut in the middle of several words, it may end with a blank.
  const stored = trimBlanks(storedIdentifier(part, false, dialect));
  return isIdentifier(stored) ? writtenIdentifier(stored) : stored;
}

/** `/ Acme` → `/acme`. It is no identifier, and not cut. */
function readTenant(written: string, name: string, path: string): string {
  const segments = written.split('/').map(trimBlanks);
  for (const segment of segments) refuseInvisible(segment, name, path);
  return foldLetters(segments.join('/'));
}

function refuseInvisible(text: string, name: string, path: string): void {
  if (hasInvisibleEdge(text)) throw new InvalidOptionError(path, name, 'it begins or ends with an invisible character');
}

function trimBlanks(text: string): string {
  return text.replace(/^ +/, '').replace(/(?<! ) +$/, '');
}

function partsOf(table: string, path: string): readonly string[] {
  const first = upTo('.', table, path);
  return first.length === table.length ? [first] : [first, ...partsOf(table.slice(first.length + 1), path)];
}

/** What stands before the first `character` that is not in quotes; all if there is none. */
function upTo(character: string, text: string, path: string): string {
  let quoted = false;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === '"') quoted = !quoted;
    else if (!quoted && text[index] === character) return text.slice(0, index);
  }
  if (quoted) throw new InvalidOptionError(path, text, 'a quote is not closed');
  return text;
}

/** In a normalised name, whose quotes are closed. */
function lastUnquotedDot(text: string): number {
  let quoted = false;
  for (let index = text.length - 1; index >= 0; index--) {
    if (text[index] === '"') quoted = !quoted;
    else if (!quoted && text[index] === '.') return index;
  }
  return -1;
}
