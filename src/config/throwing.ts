import { ConfigError, type ConfigProblem } from '../lock/errors.ts';
import { cleanError } from '../lock/redact.ts';
import { problemAt } from './problems.ts';

/** A config is code, and what reads a field of it may throw: then its file and the field are named. Throws `ConfigError` with all of them. */
export function refuseThrowing(source: string, config: unknown): void {
  const problems = [...throwingIn(config, [], new Set())];
  if (problems.length > 0) throw new ConfigError(source, problems);
}

function* throwingIn(value: unknown, path: readonly string[], seen: Set<unknown>): Generator<ConfigProblem> {
  // A store's own fields are none of the config's.
  if (typeof value !== 'object' || value === null || path.at(-1) === 'store' || seen.has(value)) return;
  seen.add(value);
  const fields = read(() => Object.keys(value), path);
  if ('problem' in fields) return yield fields.problem;
  for (const field of fields.value) {
    const found = read(() => Reflect.get(value, field) as unknown, [...path, field]);
    if ('problem' in found) yield found.problem;
    else yield* throwingIn(found.value, [...path, field], seen);
  }
}

function read<T>(get: () => T, path: readonly string[]): { readonly value: T } | { readonly problem: ConfigProblem } {
  try {
    return { value: get() };
  } catch (error) {
    return { problem: problemAt(path, `could not be read: ${cleanError(error).message}`) };
  }
}
