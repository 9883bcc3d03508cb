import { createHash } from 'node:crypto';
import type { LockScope } from '../lock/options.ts';
import { resolveScope } from '../lock/plan/scope.ts';
import { installedNodeCron } from './node-cron.ts';

/** What a schedule is, in so far as the instances of a fleet must agree on it. */
export interface Definition {
  /** Equal where two schedules are: `@daily` is `0 0 * * *`. */
  readonly id: string;
  /** For people: `"0,30 * * * *" in Europe/Paris, writes visits, reads events`. */
  readonly text: string;
}

export interface Schedule {
  readonly expression: string;
  readonly timezone: string | undefined;
  /** A function of the fire cannot be compared. */
  readonly scope: LockScope | ((...args: never[]) => LockScope) | undefined;
}

/** The expression must be a good one. */
export function definitionOf({ expression, timezone, scope }: Schedule): Definition {
  const zone = timezone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const needs = scopeInWords(scope);
  const shape = JSON.stringify([installedNodeCron().parse(expression), zone.replace(/^Etc\//, ''), needs]);
  return {
    id: createHash('sha256').update(shape).digest('hex').slice(0, 12),
    text: `"${expression.trim().replace(/\s+/g, ' ')}" in ${zone}, ${needs}`,
  };
}

function scopeInWords(scope: Schedule['scope']): string {
  if (scope === undefined) return 'locks no table';
  if (typeof scope === 'function') return 'a scope made of the fire';
  const resolved = resolveScope(scope, (name) => String(name).toLowerCase());
  const parts = (['writes', 'appends', 'reads'] as const).filter((field) => resolved[field].length > 0);
  return parts.map((field) => `${field} ${resolved[field].join(' ')}`).join(', ');
}
