import type { ConfigProblem } from '../lock/errors.ts';
import { didYouMean } from '../lock/nearest.ts';
import { hidden, redactText, redactUrl } from '../lock/redact.ts';

/** What the schema found, in the shape zod reports it. */
interface Issue {
  readonly code?: string;
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly keys?: readonly string[];
  readonly errors?: readonly (readonly Issue[])[];
  /** What is wrong with a key, where the value is none of it. */
  readonly issues?: readonly Issue[];
}

/**
 * One problem per field: the value received and what is allowed, without credentials. `at` stands before each path;
 * `fieldsAt` names the fields that may stand in the object at a path.
 */
export function describeIssues(
  issues: readonly Issue[],
  input: unknown,
  at: readonly PropertyKey[],
  fieldsAt: (path: readonly PropertyKey[]) => readonly string[],
): readonly ConfigProblem[] {
  return issues.flatMap(flatten).flatMap(({ code, path, keys, message, issues: ofKey }) => {
    const whole = [...at, ...path];
    if (code === 'invalid_key')
      return [problemAt(whole, `received the name ${show(String(path.at(-1)))}; ${ofKey?.[0]?.message ?? message}`)];
    if (keys === undefined) return [problemAt(whole, `${receivedAt(path, input)}; ${message}`)];
    return keys.map((key) => {
      const received = show(hidden(valueAt([...path, key], input)));
      return problemAt([...whole, key], `received ${received}; there is no such field${nearestAndAll(key, fieldsAt(whole))}`);
    });
  });
}

/** `resources["analytics.visits"].ttlMs` */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map((part, index) => {
    if (typeof part === 'number') return `[${part}]`;
    const name = String(part);
    if (!/^[A-Za-z_$][\w$-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
    return index === 0 ? name : `.${name}`;
  });
  return redactText(text.join('')) || '(config)';
}

export function problemAt(path: readonly PropertyKey[], message: string): ConfigProblem {
  return { path: pathText(path), message: redactText(message) };
}

/** What follows "there is no such …" in a list of problems. */
export function nearestAndAll(name: string, known: readonly string[], all: string = known.join(', ')): string {
  const meant = didYouMean(name, known);
  return `${meant && ` (${meant})`}; allowed: ${all || 'none'}`;
}

/** What a union refused is told by the branch that came closest: the one that did not refuse the value as a whole. */
function flatten(issue: Issue): readonly Issue[] {
  const closest = issue.errors?.find((branch) => branch.every(({ path }) => path.length > 0));
  if (closest === undefined) return [issue];
  return closest.flatMap(flatten).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function valueAt(path: readonly PropertyKey[], input: unknown): unknown {
  return path.reduce((inner: unknown, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined), input);
}

function receivedAt(path: readonly PropertyKey[], input: unknown): string {
  const value = valueAt(path, input);
  if (value === undefined) return 'missing';
  return `received ${path.at(-1) === 'store' && typeof value === 'string' ? showStore(value) : show(value)}`;
}

/** A value in a few words. Cut after the credentials are out, or a cut URL would no longer look like one. */
function show(value: unknown): string {
  if (typeof value === 'string') {
    const safe = redactText(value);
    return JSON.stringify(safe.length > 80 ? `${safe.slice(0, 80)}…` : safe);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  return String(value);
}

/** What stands in place of a store URL may be a bare key or password: shown only if it looks like a URL or a list of hosts. */
function showStore(text: string): string {
  const isShowable = /^[a-z][a-z0-9+.-]*:(?:\/\/|$)/i.test(text) || /^[\w.-]+:\d{1,5}(?:,[\w.-]+:\d{1,5})*$/.test(text);
  return isShowable ? show(redactUrl(text)) : `a text of ${text.length} characters`;
}
