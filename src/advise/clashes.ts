import type { Mode } from '../lock/holder.ts';

/** A table that two jobs use in ways that do not go together. */
export interface TableClash {
  readonly table: string;
  /** How each of the two uses it. */
  readonly modes: readonly [Mode, Mode];
}

type Modes = ReadonlyMap<string, Mode>;

/** Where one of them writes, or one reads what the other appends to. */
export function clashes(one: Modes = new Map(), other: Modes = new Map()): readonly TableClash[] {
  return common(one, other).filter(({ modes: [a, b] }) => a === 'write' || a !== b);
}

/** Tables that both only insert into: as a rule that goes together. */
export function sharedAppends(one: Modes, other: Modes): readonly string[] {
  return common(one, other)
    .filter(({ modes: [a, b] }) => a === 'append' && b === 'append')
    .map(({ table }) => table);
}

function common(one: Modes, other: Modes): readonly TableClash[] {
  return [...one].flatMap(([table, mode]) => {
    const its = other.get(table);
    return its === undefined ? [] : [{ table, modes: [mode, its] as const }];
  });
}
