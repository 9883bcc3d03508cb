import { expect, test } from '@jest/globals';
import { adviceIn } from '../../src/dashboard/advice.ts';
import { createChronicle, type KnownPast } from '../../src/dashboard/chronicle.ts';
import type { Fact } from '../../src/dashboard/facts.ts';
import { nameless } from '../../src/dashboard/facts.ts';
import { historyOf } from '../../src/dashboard/history.ts';
import { jobPastOf } from '../../src/dashboard/job-past.ts';
import type { HoldEntry, JournalEntry, JournalQuery } from '../../src/observe/index.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const nowMs = Date.UTC(2026, 10, 28, 12);

function hold(fromMs: number, toMs: number | undefined, job = 'rollup', resource = 'events'): HoldEntry {
  const about = { resource, job, host: 'etl-1', pid: 1, mode: 'write', waitedMs: 0, isProtected: true, reason: undefined } as const;
  const to = toMs === undefined ? undefined : new Date(toMs);
  return { kind: 'hold', ...about, from: new Date(fromMs), to, outcome: to === undefined ? 'ongoing' : 'released' };
}
const startOf = (entry: JournalEntry): number => (entry.kind === 'hold' ? entry.from : entry.at).getTime();
const endOf = (entry: JournalEntry): number =>
  entry.kind === 'hold' ? (entry.to?.getTime() ?? (entry.outcome === 'ongoing' ? Infinity : startOf(entry))) : startOf(entry);

/** A journal as those of giveway are; `asked` counts the entries that it gave out. */
function journalOf(entries: JournalEntry[]) {
  const journal = {
    given: 0,
    mostAtOnce: 0,
    async entries({ since, until, limit = 1_000 }: JournalQuery = {}): Promise<readonly JournalEntry[]> {
      const found = entries
        .filter((entry) => since === undefined || endOf(entry) >= since.getTime())
        .filter((entry) => until === undefined || startOf(entry) < until.getTime())
        .sort((a, b) => startOf(b) - startOf(a))
        .slice(0, limit);
      journal.given += found.length;
      journal.mostAtOnce = Math.max(journal.mostAtOnce, found.length);
      return found;
    },
  };
  return journal;
}
const factsOf = ({ chunks }: KnownPast): readonly Fact[] => chunks.flatMap((chunk) => chunk.facts());
const pace = (): undefined => undefined;

test('reads a week a page at a time, each entry once, also where thousands began in one millisecond', async () => {
  const every = Array.from({ length: 9_000 }, (_, index) => hold(nowMs - index * 60_000, nowMs - index * 60_000 + 30_000));
  const atOnce = Array.from({ length: 5_000 }, () => hold(nowMs - 2 * dayMs, nowMs - 2 * dayMs + 10));
  const chronicle = createChronicle(journalOf([...every, ...atOnce]), () => nowMs);
  let known = await chronicle.read(nowMs - 6 * dayMs, 0);
  for (let asked = 0; known.knownFromMs > nowMs - 6 * dayMs && asked < 20; asked++) known = await chronicle.read(nowMs - 6 * dayMs, 0);
  expect(known.knownFromMs).toBeLessThanOrEqual(nowMs - 6 * dayMs);
  const began = factsOf(known).filter(({ fromMs }) => fromMs >= nowMs - 6 * dayMs);
  expect(began).toHaveLength(6 * 24 * 60 + 1 + 5_000);
  expect(new Set(began.map(({ fromMs }) => fromMs)).size).toBe(6 * 24 * 60 + 1);
});

test('an end that comes to be known replaces what went on, and a look reads only what is new', async () => {
  const entries: JournalEntry[] = Array.from({ length: 3_000 }, (_, index) => hold(nowMs - index * 1_000, nowMs - index * 1_000 + 500));
  entries.push(hold(nowMs - 90 * 60_000, undefined, 'long'));
  const journal = journalOf(entries);
  let atMs = nowMs;
  const chronicle = createChronicle(journal, () => atMs);
  const long = (known: KnownPast): readonly Fact[] => factsOf(known).filter(({ job }) => job === 'long');
  expect(long(await chronicle.read(nowMs - hourMs, 0)).map(({ toMs }) => toMs)).toEqual([Infinity]);

  entries.splice(entries.length - 1, 1, hold(nowMs - 90 * 60_000, nowMs + 5_000, 'long'));
  const given = journal.given;
  for (const later of [10_000, 100_000, 200_000]) {
    atMs = nowMs + later;
    const known = await chronicle.read(atMs - hourMs, 0);
    expect(long(known).map(({ toMs }) => toMs)).toEqual([nowMs + 5_000]);
    expect(factsOf(known)).toHaveLength(3_001);
  }
  expect(journal.given - given).toBeLessThan(200);
  const older = await chronicle.read(atMs - dayMs, 60_000);
  expect(factsOf(older)).toHaveLength(3_001);
});

test('a journal that knows no part of a query is not asked for ever', async () => {
  const entries = Array.from({ length: 2_500 }, (_, index) => hold(nowMs - index * 1_000, nowMs - index * 1_000 + 500));
  const chronicle = createChronicle({ entries: async () => entries }, () => nowMs);
  const known = await chronicle.read(nowMs - dayMs, 60_000);
  expect(factsOf(known)).toHaveLength(2_500);
  expect(known.knownFromMs).toBeLessThanOrEqual(nowMs - dayMs);
});

test('200 tables and 50 jobs of a busy hour and a week before: no more than a thousand facts are gone through at once, and every lane alone', async () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => {
    const agoMs = index < 6_000 ? index * 600 : hourMs + (index - 6_000) * 40_000;
    return hold(nowMs - agoMs, nowMs - agoMs + 500, `job ${index % 50}`, `table ${(index * 7) % 200}`);
  });
  const journal = journalOf(entries);
  const known = await createChronicle(journal, () => nowMs).read(nowMs - 7 * dayMs, 60_000);
  expect(factsOf(known)).toHaveLength(20_000);
  // A page begins again with what began when the last one ended.
  expect(journal.mostAtOnce).toBeLessThan(1_010);
  // What began in the last minute may still change, and is kept as it was read.
  expect(Math.max(...known.chunks.map(({ count }) => count))).toBeLessThanOrEqual(1_000);
  let pauses = 0;
  const { lanes } = await historyOf(known, { fromMs: nowMs - 7 * dayMs, toMs: nowMs }, 10, () => void pauses++);
  expect(lanes).toHaveLength(200);
  expect(pauses).toBe(known.chunks.length + 200);
});

test('a lane has no more spans than a screen can show, and counts what they stand for', async () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => hold(nowMs - index * 4_000, nowMs - index * 4_000 + 10, `job ${index % 7}`));
  const chronicle = createChronicle(journalOf(entries), () => nowMs);
  const range = { fromMs: nowMs - dayMs, toMs: nowMs };
  const { lanes, names } = await historyOf(await chronicle.read(range.fromMs, 60_000), range, 10, pace);
  expect(names).toHaveLength(7);
  expect(lanes[0]?.holds).toBe(20_000);
  expect(lanes[0]?.spans.length).toBeLessThanOrEqual(400);
  expect(lanes[0]?.spans.reduce((sum, [, , , , count]) => sum + count, 0)).toBe(20_000);
});

test('a lane of more jobs than a screen can show ends, with those that were there most often', async () => {
  const rare = Array.from({ length: 2_000 }, (_, index) => hold(nowMs - index * 40_000, nowMs - index * 40_000 + 10, `run ${index}`));
  const often = Array.from({ length: 50 }, (_, index) => hold(nowMs - index * 1_600_000, nowMs - index * 1_600_000 + 10));
  const chronicle = createChronicle(journalOf([...rare, ...often]), () => nowMs);
  const range = { fromMs: nowMs - dayMs, toMs: nowMs };
  const { lanes, names } = await historyOf(await chronicle.read(range.fromMs, 60_000), range, 10, pace);
  expect(lanes[0]?.holds).toBe(2_050);
  expect(lanes[0]?.spans).toHaveLength(400);
  expect(lanes[0]?.spans.find(([, , , job]) => names[job] === 'rollup')?.[4]).toBe(50);
});

test('a fire whose work needs no table is a run, and no table; with tables it is one run all the same', async () => {
  const about = { kind: 'fire', resource: undefined, host: 'etl-1', pid: 1, slot: undefined, holders: [] } as const;
  const fire = (job: string, agoMs: number, outcome: 'ran' | 'elsewhere'): JournalEntry => {
    const at = new Date(nowMs - agoMs);
    return { ...about, name: job, job, at, to: outcome === 'ran' ? new Date(nowMs - agoMs + 30_000) : undefined, outcome };
  };
  const fires = [fire('mail', 300_000, 'ran'), fire('mail', 200_000, 'ran'), fire('mail', 100_000, 'elsewhere')];
  const journal = journalOf([...fires, fire('rollup', 200_000, 'ran'), hold(nowMs - 199_000, nowMs - 190_000)]);
  const range = { fromMs: nowMs - hourMs, toMs: nowMs };
  const known = await createChronicle(journal, () => nowMs).read(range.fromMs, 0);
  const { lanes, jobs } = await historyOf(known, range, 10, pace);
  expect(lanes.map(({ title }) => title)).toEqual(['events']);
  expect(jobs.map(({ job, runs }) => [job, runs])).toEqual([
    ['mail', 2],
    ['rollup', 1],
  ]);
  const mail = await jobPastOf('mail', known, range, 10, pace);
  expect([mail.lanes, mail.holdMs, mail.lengths.length]).toEqual([[], { p50: 30_000, p99: 30_000 }, 2]);
});

test('advice is that of the report, from what the page knows', () => {
  const job = {
    isNamed: true,
    isRunning: false,
    isStarving: true,
    runs: 0,
    skips: 12,
    skipsInARow: 12,
    lastRunMs: undefined,
    lastSkip: undefined,
  };
  const pairs = [
    { blocked: 'dedupe', by: 'load', skips: 12, waits: 0 },
    { blocked: 'sessions', by: 'sessions', skips: 4, waits: 0 },
    { blocked: 'load', by: 'dedupe', skips: 0, waits: 9 },
  ];
  expect(adviceIn(pairs, [{ job: 'dedupe', ...job }], [{ title: 'spend', conflicts: 1 }])).toEqual([
    'Find who writes to "spend", or reads it in a writing transaction, without naming it in a scope: the database aborted 1 transaction there.',
    `Give "dedupe" its turn with onStarving: 'wait': 12 skips in a row, 12 times because of "load".`,
    'Shorten or move "load": it cost "dedupe" 12 skips, 75 % of all.',
  ]);
  expect(adviceIn(pairs.slice(1), [], [])).toEqual([
    'Shorten "sessions", or run it less often: it was in its own way, and lost 4 skips, 100 % of all.',
  ]);
  const byNobody = { blocked: 'load', by: nameless, skips: 2, waits: 0 };
  expect(adviceIn([byNobody], [], [])).toEqual(['Shorten or move work without a name: it cost "load" 2 skips, 100 % of all.']);
  expect(adviceIn([], [], [])).toEqual([]);
});

test('in the way is who held, not who was in line before; a wait that ended in a skip is that skip', async () => {
  const at = (ms: number): Date => new Date(nowMs - 60_000 + ms);
  const about = { resource: 'events', job: 'late', host: 'etl-2', pid: 2 };
  const seen = (job: string, state: 'holding' | 'waiting') => ({ ...about, job, mode: 'append' as const, since: at(-500), state });
  const holders = [seen('rollup', 'holding'), seen('early', 'waiting')];
  const entries: JournalEntry[] = [
    { kind: 'wait', ...about, at: at(0), holders },
    { kind: 'skip', ...about, at: at(2_002), reason: 'busy', scope: undefined, holders, waitedMs: 2_001.5 },
    { kind: 'wait', ...about, at: at(9_000), holders },
    { kind: 'wait', ...about, pid: 3, at: at(1_000), holders },
  ];
  const known = await createChronicle(journalOf(entries), () => nowMs).read(nowMs - hourMs, 0);
  const range = { fromMs: nowMs - hourMs, toMs: nowMs };
  const expected = [{ blocked: 'late', by: 'rollup', skips: 1, waits: 2 }];
  expect((await historyOf(known, range, 10, pace)).pairs).toEqual(expected);
  const { pairs, skips } = await jobPastOf('late', known, range, 10, pace);
  expect(pairs).toEqual(expected);
  expect(skips[0]?.holders).toMatchObject([{ job: 'rollup' }]);
});
