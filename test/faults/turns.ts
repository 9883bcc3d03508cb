import type { LostReason } from '../../src/lock/errors.ts';
import type { Line, Need } from './history.ts';

/** One attempt of one worker, and what followed. */
export interface Turn {
  readonly worker: string;
  readonly turn: number;
  readonly needs: readonly Need[];
  readonly askedAt: number;
  readonly limitMs: number;
  answer?: { readonly at: number; readonly what: 'acquired' | 'busy' | 'broken'; readonly resource: string | undefined };
  /** False: the store was down, and the work went on without a lock. */
  isProtected: boolean;
  /** When the lock was looked at and said that it is held. */
  readonly looks: number[];
  lost?: { readonly at: number; readonly reason: LostReason };
  done?: { readonly at: number; readonly limitMs: number };
  released?: { readonly at: number; readonly outcome: 'ours' | 'not-ours' | 'failed' };
}

/** A rule that did not hold, and when. */
export interface Breach {
  readonly at: number;
  /** Who broke it. */
  readonly worker: string;
  readonly text: string;
}

/** Of a sorted history. */
export function turnsIn(history: readonly Line[]): readonly Turn[] {
  const turns = new Map<string, Turn>();
  for (const line of history) {
    if (!('turn' in line)) continue;
    const { worker, turn, at } = line;
    const id = `${worker} ${turn}`;
    if (line.what === 'ask')
      turns.set(id, { worker, turn, needs: line.needs, askedAt: at, limitMs: line.limitMs, isProtected: false, looks: [] });
    const found = turns.get(id);
    if (found !== undefined) add(found, line);
  }
  return [...turns.values()];
}

function add(turn: Turn, line: Line): void {
  const { at } = line;
  switch (line.what) {
    case 'acquired':
      turn.isProtected = line.isProtected;
      turn.answer = { at, what: line.what, resource: undefined };
      break;
    case 'busy':
      turn.answer = { at, what: line.what, resource: line.resource };
      break;
    case 'broken':
      turn.answer = { at, what: line.what, resource: undefined };
      break;
    case 'look':
      turn.looks.push(at);
      break;
    case 'lost':
      turn.lost ??= { at, reason: line.reason };
      break;
    case 'done':
      turn.done = { at, limitMs: line.limitMs };
      break;
    case 'released':
      turn.released = { at, outcome: line.outcome };
  }
}

/** From the first look that said "held" to the last: the time in which the holder believed in its lock and acted on it. */
export function belief(turn: Turn): { readonly from: number; readonly to: number } | undefined {
  const [from, to] = [turn.looks[0], turn.looks.at(-1)];
  return !turn.isProtected || from === undefined || to === undefined ? undefined : { from, to };
}

/** The resource on which two turns exclude each other. */
export function contested(a: Turn, b: Turn): string | undefined {
  const clash = a.needs.find(({ resource, mode }) =>
    b.needs.some((other) => other.resource === resource && (mode === 'write' || other.mode !== mode)),
  );
  return clash?.resource;
}

/** A turn in a report. */
export function nameOf({ worker, turn, needs }: Turn): string {
  return `${worker}/${turn} (${needs.map(({ resource, mode }) => `${mode} ${resource}`).join(', ')})`;
}
