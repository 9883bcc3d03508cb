/** The rules of progress: nothing hangs, nobody is kept out by the dead, nobody ends without a word. Pure. */
import { clockSkewMs } from '../../src/lock/record/decide.ts';
import type { Line } from './history.ts';
import { orphanMs, type Terms } from './terms.ts';
import { type Breach, nameOf, type Turn } from './turns.ts';

interface Span {
  readonly from: number;
  readonly to: number;
}

/** P3: whoever is told "busy" is told so because somebody was there within `ttlMs` + 3 s (shared modes: and the clock skew). */
export function orphans(turns: readonly Turn[], history: readonly Line[], { ttlMs }: Terms): readonly Breach[] {
  const deaths = deathsIn(history);
  const strikes = history.filter((line) => line.what === 'struck').map(({ at, until }) => ({ from: at, to: until }));
  // Who asked for two and was refused may have had one of them for a while.
  // A request that was held up by a fault may take effect as late as the fault ends.
  const signs = (resource: string): readonly Span[] => [
    ...strikes,
    ...turns
      .filter(({ needs, answer }) => (answer?.what !== 'busy' || needs.length > 1) && needs.some((need) => need.resource === resource))
      .map((turn) => ({ from: turn.askedAt, to: endOf(turn, deaths) })),
  ];
  const signsOf = new Map<string, readonly Span[]>();
  const isShared = (resource: string): boolean =>
    turns.some(({ needs }) => needs.some((need) => need.resource === resource && need.mode !== 'write'));
  return turns.flatMap((turn) => {
    const resource = turn.answer?.what === 'busy' ? turn.answer.resource : undefined;
    if (resource === undefined || turn.answer === undefined) return [];
    const known = signsOf.get(resource) ?? signs(resource);
    signsOf.set(resource, known);
    const limitMs = ttlMs + orphanMs + (isShared(resource) ? clockSkewMs : 0);
    const { at } = turn.answer;
    if (known.some(({ from, to }) => from <= at && to >= turn.askedAt - limitMs)) return [];
    return [
      { at, worker: turn.worker, text: `${nameOf(turn)} was told "${resource}" is busy, ${limitMs} ms after anybody was seen there` },
    ];
  });
}

function endOf({ worker, answer, released }: Turn, deaths: ReadonlyMap<string, number>): number {
  if (released !== undefined) return released.at;
  if (answer !== undefined && answer.what !== 'acquired') return answer.at;
  return deaths.get(worker) ?? Number.POSITIVE_INFINITY;
}

/** P7: each call ends in its time. Time in which the process was stopped does not count. */
export function hangs(turns: readonly Turn[], history: readonly Line[]): readonly Breach[] {
  const deaths = deathsIn(history);
  const pauses = history.filter((line) => line.what === 'paused');
  const endsAt = history.at(-1)?.at ?? 0;
  const calls = turns.flatMap((turn) => [
    { turn, name: 'asking', from: turn.askedAt, to: turn.answer?.at, limitMs: turn.limitMs },
    ...(turn.done === undefined
      ? []
      : [{ turn, name: 'releasing', from: turn.done.at, to: turn.released?.at, limitMs: turn.done.limitMs }]),
  ]);
  const slow = calls.flatMap(({ turn, name, from, to, limitMs }) => {
    const end = to ?? deaths.get(turn.worker) ?? endsAt;
    const pausedMs = pauses
      .filter(({ worker }) => worker === turn.worker)
      .reduce((sum, { at, until }) => sum + Math.max(0, Math.min(end, until) - Math.max(from, at)), 0);
    const tookMs = end - from - pausedMs;
    return tookMs <= limitMs
      ? []
      : [{ at: end, worker: turn.worker, text: `${nameOf(turn)} was ${name} for ${Math.round(tookMs)} ms; ${limitMs} ms were allowed` }];
  });
  const stuck = history.flatMap((line) =>
    line.what === 'stuck'
      ? [{ at: line.at, worker: line.worker, text: `${line.worker} did not stop when it was told to` }]
      : line.what === 'starved'
        ? [{ at: line.at, worker: line.worker, text: `${line.worker} took nothing although the fault had ended` }]
        : [],
  );
  return [...slow, ...stuck];
}

/** A worker ends when it is told to or killed, says so, and throws nothing that nobody catches. */
export function badEnds(history: readonly Line[]): readonly Breach[] {
  const excused = new Set(
    history.flatMap((line) => (line.what === 'bye' || line.what === 'killed' || line.what === 'stuck' ? [line.worker] : [])),
  );
  return history.flatMap((line) => {
    if (line.what === 'unhandled') return [{ at: line.at, worker: line.worker, text: `${line.worker}: unhandled ${line.error}` }];
    if (line.what !== 'exited' || excused.has(line.worker)) return [];
    return [{ at: line.at, worker: line.worker, text: `${line.worker} ended in silence (${line.code})` }];
  });
}

/** When each worker was killed, or ended by itself. */
function deathsIn(history: readonly Line[]): ReadonlyMap<string, number> {
  return new Map(history.flatMap((line) => (line.what === 'exited' || line.what === 'killed' ? [[line.worker, line.at] as const] : [])));
}
