import { InvalidOptionError } from '../lock/errors.ts';
import { checkFields, flag, type Rule, whole } from '../lock/plan/options.ts';

export { flag, whole };

export type RulesOf<T> = Readonly<Record<keyof T, Rule>>;

/** Refuses unknown options and what cannot work, before anything is observed: later, an observer fails in silence. `needed` may not be left out. */
export function checkOptions<T extends object>(options: T, rules: RulesOf<T>, ...needed: readonly (keyof T & string)[]): void {
  checkFields(options, rules);
  for (const name of needed) if (options[name] === undefined) throw new InvalidOptionError(name, undefined, rules[name][1]);
}

/** Checked elsewhere, or for tests. */
export const anything: Rule = [() => true, ''];
export const callback: Rule = [(value) => typeof value === 'function', 'a function is allowed'];
export const positiveInteger: Rule = [whole(1, Number.POSITIVE_INFINITY), 'a positive integer is allowed'];
export const positive: Rule = [
  (value) => value === Number.POSITIVE_INFINITY || positiveInteger[0](value),
  'a positive integer or Infinity is allowed',
];
export const milliseconds: Rule = [(value) => typeof value === 'number' && value >= 0, 'a number of milliseconds from 0 up is allowed'];

export function withMethods(allowed: string, ...methods: readonly string[]): Rule {
  const has = (value: unknown, method: string): boolean => typeof (value as Record<string, unknown> | null)?.[method] === 'function';
  return [(value) => methods.every((method) => has(value, method)), allowed];
}
