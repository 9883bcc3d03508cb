/** Without the fields that are `undefined`: an option without a value is none, and hides no default. */
export function given<T extends object>(options: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}
