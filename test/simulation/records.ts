/** Reads records as they stand in the store, without the core's own code. */
export type Mode = 'write' | 'append' | 'read';

export interface Written {
  readonly token: string;
  readonly mode: Mode;
  readonly host: string;
  readonly job: string | undefined;
  readonly ttlMs: number;
  readonly until: number;
  /** What was left of it when the record was written, by the writer's clock; 0.1.0 does not say when that was. */
  readonly leftMs: number | undefined;
  readonly latestEnd: number | undefined;
  readonly minHold: boolean;
}

/** Before the first line break stands the record; behind it, one line each, who waits and who gave up. */
export function holdersIn(value: string | undefined): readonly Written[] {
  if (value === undefined) return [];
  const end = value.indexOf('\n');
  const record = JSON.parse(end === -1 ? value : value.slice(0, end)) as { at?: number; holders: Record<string, unknown>[] };
  return record.holders.map((holder) => ({
    token: holder['token'] as string,
    mode: holder['mode'] as Mode,
    host: holder['host'] as string,
    job: holder['job'] as string | undefined,
    ttlMs: holder['ttlMs'] as number,
    until: holder['until'] as number,
    leftMs: record.at === undefined ? undefined : (holder['until'] as number) - record.at,
    latestEnd: holder['latestEnd'] as number | undefined,
    minHold: holder['minHold'] === true,
  }));
}

/** Tokens that stand in line: written behind the record, or kept in its first line, and not withdrawn. */
export function waitersIn(value: string | undefined): readonly string[] {
  if (value === undefined) return [];
  const holders = new Set(holdersIn(value).map(({ token }) => token));
  const gone = new Set([...value.matchAll(/"gone":"([^"]+)"/g)].map(([, token]) => token));
  return [...new Set([...value.matchAll(/"token":"([^"]+)"/g)].map(([, token]) => token as string))].filter(
    (token) => !holders.has(token) && !gone.has(token),
  );
}

export function excludes(one: Mode, other: Mode): boolean {
  return one === 'write' || one !== other;
}
