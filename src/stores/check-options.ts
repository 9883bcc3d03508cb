import { InvalidOptionError } from '../lock/errors.ts';
import { checkFields, given, isObject, type Rule, requireOptions, unknownOption, whole } from '../lock/plan/options.ts';
import { hidden } from '../lock/redact.ts';
import type { BreakerOptions } from './breaker.ts';

/** What may be in each option of a store. */
export type OptionRules<T> = Readonly<Record<keyof T, Rule>>;

/** What every store can be told. */
interface CommonOptions {
  readonly timeoutMs: number;
  readonly breaker: Omit<BreakerOptions, 'serverOf'> | false;
}

type Checked<T, D> = T & Required<Pick<T, keyof T & keyof (D & CommonOptions)>>;

export const timeoutFrom = (leastMs: number): Rule => [
  whole(leastMs, 60_000),
  `an integer from ${leastMs} to 60000 (milliseconds) is allowed`,
];
export const text: Rule = [(value) => typeof value === 'string', 'a string is allowed'];
/** Whoever uses it judges it: it goes with another, or must not be shown. */
export const judgedElsewhere: Rule = [() => true, 'anything is allowed'];

export const commonRules: OptionRules<CommonOptions> = {
  timeoutMs: timeoutFrom(1),
  breaker: [(value) => value === false || isObject(value), 'an object or false is allowed'],
};
const commonDefaults: CommonOptions = { timeoutMs: 1_000, breaker: {} };

/** `options` and, where they say nothing, `defaults`. Throws `InvalidOptionError` for what is unknown, not allowed, or `needed` and missing. */
export function checkOptions<T extends object, D extends Partial<T>>(
  options: T,
  rules: OptionRules<T>,
  defaults: D,
  needed: readonly (keyof T & string)[] = [],
): Checked<T, D> {
  requireOptions(options);
  const known = Object.keys(rules);
  for (const [name, value] of Object.entries(options)) if (!known.includes(name)) throw unknownOption(name, hidden(value), name, known);
  const checked = { ...commonDefaults, ...defaults, ...given(options) };
  for (const name of needed) if (!(name in checked)) throw new InvalidOptionError(name, undefined, rules[name][1]);
  checkFields(checked, rules);
  return checked as unknown as Checked<T, D>;
}
