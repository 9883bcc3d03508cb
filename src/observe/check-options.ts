import { InvalidOptionError } from '../lock/errors.ts';
import { unknownOption } from '../lock/plan/options.ts';

export type Rule = readonly [isAllowed: (value: unknown) => boolean, allowed: string];

export type Rules<T> = Readonly<Record<keyof T, Rule>>;

/** Refuses unknown options and what cannot work, before anything is observed: later, an observer fails in silence. */
export function checkOptions<T extends object>(options: T, rules: Rules<T>, path = ''): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError(path === '' ? 'options' : path.slice(0, -1), options, 'an object is allowed');
  for (const name of Object.keys(options))
    if (!Object.hasOwn(rules, name)) throw unknownOption(path + name, options[name as keyof T], name, Object.keys(rules));
  for (const [name, [isAllowed, allowed]] of Object.entries<Rule>(rules)) {
    const value = options[name as keyof T];
    if (!isAllowed(value)) throw new InvalidOptionError(path + name, value, allowed);
  }
}

/** Checked elsewhere, or for tests. */
export const anything: Rule = [() => true, ''];
export const callback: Rule = [(value) => typeof value === 'function', 'a function is allowed'];
export const flag: Rule = [(value) => typeof value === 'boolean', 'true or false is allowed'];
export const positiveInteger: Rule = [(value) => Number.isInteger(value) && (value as number) >= 1, 'a positive integer is allowed'];
export const positive: Rule = [
  (value) => value === Number.POSITIVE_INFINITY || positiveInteger[0](value),
  'a positive integer or Infinity is allowed',
];
export const milliseconds: Rule = [(value) => typeof value === 'number' && value >= 0, 'a number of milliseconds from 0 up is allowed'];

export function withMethods(allowed: string, ...methods: readonly string[]): Rule {
  const has = (value: unknown, method: string): boolean => typeof (value as Record<string, unknown> | undefined)?.[method] === 'function';
  return [(value) => methods.every((method) => has(value, method)), allowed];
}

/** May be left out. */
export function orNone([isAllowed, allowed]: Rule): Rule {
  return [(value) => value === undefined || isAllowed(value), allowed];
}
