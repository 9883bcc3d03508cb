import type { EventEmitter } from 'node:events';
import pg from 'pg';

/** Every name that an object answers to, its classes' and JavaScript's own among them. */
export function namesOf(object: object): readonly PropertyKey[] {
  const names = new Set<PropertyKey>();
  for (let owner: object | null = object; owner !== null; owner = Object.getPrototypeOf(owner) as object | null)
    for (const name of Reflect.ownKeys(owner)) names.add(name);
  names.delete('constructor');
  return [...names];
}

/** What is to be had from `start` by properties alone, through objects, arrays and functions. */
function* reachable(start: unknown): Generator<object> {
  const seen = new Set<unknown>([start]);
  for (const value of seen) {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    yield value;
    // What is the same for all leads nowhere.
    if (seen.size > 20_000 || value === globalThis || value === process || value === pg) continue;
    for (const name of namesOf(value)) {
      const descriptor = Object.getOwnPropertyDescriptor(value, name);
      seen.add(descriptor?.value);
      try {
        seen.add((value as Record<PropertyKey, unknown>)[name]);
      } catch {
        // A getter that wants another `this`, as `caller` of a function.
      }
    }
  }
}

/** Which of `inner` something leads to, and by what. */
export function leadsTo(inner: ReadonlySet<unknown>, value: unknown): boolean {
  for (const found of reachable(value)) if (inner.has(found)) return true;
  return false;
}

/** pg's objects behind a pool: itself, its clients, their connections. */
export function innerOf(pool: pg.Pool): Set<unknown> {
  const { _clients: clients } = pool as unknown as { _clients: readonly (pg.PoolClient & { connection: EventEmitter })[] };
  return new Set<unknown>([pool, ...clients, ...clients.map(({ connection }) => connection)]);
}

/** Ends what is behind a pool, whoever has it. */
export function destroy(pool: pg.Pool): void {
  for (const each of innerOf(pool)) {
    (each as EventEmitter).on('error', () => {});
    (each as { stream?: { destroy(): void } }).stream?.destroy();
  }
}

const listening = /[lL]istener$|^on$|^once$|^off$/;

/** Calls a method in one of the ways in which pg and Node take it, and gathers everything that comes out. */
export async function outcomeOf(target: object, name: PropertyKey, way: number, event: string): Promise<readonly unknown[]> {
  const got: unknown[] = [];
  const hear = function (this: unknown, ...args: unknown[]): void {
    got.push(this, ...args);
  };
  const ways = waysOf(String(name), event, hear);
  try {
    const value = (target as Record<PropertyKey, unknown>)[name];
    got.push(value);
    // It opens a connection of the client again.
    if (typeof value !== 'function' || name === 'cancel') return got;
    const result: unknown = Reflect.apply(value, target, ways[way % ways.length] as unknown[]);
    got.push(result);
    const late = new Promise((resolve) => setTimeout(resolve, 30));
    got.push(await Promise.race([result, late]));
  } catch (error) {
    got.push(error);
  }
  return got;
}

function waysOf(name: string, event: string, hear: () => void): readonly (readonly unknown[])[] {
  if (listening.test(name)) return [[event, hear]];
  if (/^(connect|end)$/.test(name)) return [[], [hear]];
  if (name === 'query') return [['select 1'], ['select 1', hear], ['select $1::int', [1], hear], [{ name: 'one', text: 'select 1' }]];
  return [[], [event], [1]];
}
