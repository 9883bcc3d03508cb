type Mode = 'write' | 'append' | 'read';

/** What one transaction needs. */
export interface Scope {
  readonly writes?: readonly string[];
  readonly appends?: readonly string[];
  readonly reads?: readonly string[];
}

/** One resource of it. */
export type Want = readonly [resource: string, mode: Mode];

export function wantsOf({ writes = [], appends = [], reads = [] }: Scope): readonly Want[] {
  const all = (names: readonly string[], mode: Mode): Want[] => names.map((name) => [name, mode]);
  return [...all(writes, 'write'), ...all(appends, 'append'), ...all(reads, 'read')].sort(([a], [b]) => (a < b ? -1 : 1));
}
