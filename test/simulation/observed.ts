import type { Lock } from '../../src/index.ts';
import type { Options, Scope } from './plan.ts';
import type { Mode } from './records.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** One resource in one mode. */
export interface Need {
  readonly resource: string;
  readonly mode: Mode;
}

/** A lock that a task has been given, and until when it went by it. */
export interface Held {
  readonly who: string;
  readonly job: string;
  readonly process: SimulatedProcess;
  readonly lock: Lock;
  readonly needs: readonly Need[];
  readonly options: Options;
  /** Locks of one tree of runs do not exclude one another. */
  readonly family: string;
  readonly askedMs: number;
  readonly fromMs: number;
  /** Since when the first of its entries stands: a lock over several may have waited with one for the next. */
  readonly sinceMs: number;
  /** Its `ttlMs` is not that of its options any more. */
  isExtended?: true;
  /** When it was let go. */
  endedMs: number | undefined;
  /** When it was first seen to be over. */
  overMs: number | undefined;
}

/** What a scope takes, as the contract says: a table whose schema is listed appends to the schema as well. */
export function needsOf(scope: Scope, resources: readonly string[]): readonly Need[] {
  const needs = new Map<string, Mode>();
  for (const resource of scope.writes ?? []) needs.set(resource, 'write');
  for (const resource of scope.appends ?? []) needs.set(resource, 'append');
  for (const resource of scope.reads ?? []) needs.set(resource, 'read');
  for (const [resource, mode] of [...needs]) {
    const schema = schemaOf(resource);
    if (resource === schema || !resources.includes(schema)) continue;
    const whole = needs.get(schema);
    if (whole === undefined) needs.set(schema, 'append');
    else if (whole === 'read' && mode !== 'read') needs.set(schema, 'write');
  }
  return [...needs].map(([resource, mode]) => ({ resource, mode }));
}

/** The resource that stands for all tables of a schema. */
export function schemaOf(resource: string): string {
  return `${resource.split('.')[0]}.*`;
}

/** Under which key the record of a resource stands. */
export function keyOf(resource: string): string {
  return `giveway:${resource}`;
}

/** Does the holder believe in its lock, asked at this instant? A process that does not run cannot be asked. */
export function believes(held: Held): boolean {
  if (held.endedMs !== undefined || held.overMs !== undefined || !held.process.runs) return false;
  return !held.lock.signal.aborted && held.lock.remainingMs() > 0;
}
