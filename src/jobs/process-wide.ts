/**
 * One value for the whole process. A module is there twice where a process loads it as ESM and as CommonJS, or two copies of
 * giveway; what it keeps in a variable of its own, the other does not see. `name` ends in the version of the value's shape.
 */
export function processWide<T>(name: `${string}.v${number}`, make: () => T): T {
  const key = Symbol.for(`giveway.${name}`);
  const world = globalThis as { [key: symbol]: T | undefined };
  world[key] ??= make();
  return world[key];
}
