/** Values by numbers, the first that is asked for is 0. */
export interface Numbers<T> {
  readonly list: readonly T[];
  numberOf(value: T): number;
}

export function createNumbers<T>(): Numbers<T> {
  const numbers = new Map<T, number>();
  const list: T[] = [];
  return {
    list,
    numberOf(value) {
      const known = numbers.get(value);
      if (known !== undefined) return known;
      numbers.set(value, list.length);
      return list.push(value) - 1;
    },
  };
}
