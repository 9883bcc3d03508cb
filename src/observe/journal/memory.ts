import { type Clock, systemClock } from '../../lock/clock.ts';
import { anything, checkOptions, positiveInteger, type RulesOf } from '../check-options.ts';
import { checkQuery, defaultEntries, entriesWithin, type Journal, type JournalEntry, type JournalQuery, kindsOf } from './journal.ts';
import { entriesOf, type Hold, type Moment, type Recorder, record } from './recorder.ts';

export interface JournalOptions {
  /** How many ended holds, skips and other entries are kept; the oldest go first. Default 1 000. */
  readonly limit?: number;
  /** For tests. */
  readonly clock?: Clock;
}

const rules: RulesOf<JournalOptions> = { limit: positiveInteger, clock: anything };

/** A journal of this process, in memory. Throws `InvalidOptionError`. */
export function createJournal(options: JournalOptions = {}): Journal {
  checkOptions(options, rules);
  const { limit = defaultEntries, clock = systemClock } = options;
  const recorders = new Set<Recorder>();
  const past: (Hold | Moment)[] = [];

  const keep = (one: Hold | Moment): void => {
    past.push(one);
    // A batch at a time, so that a full journal costs no more than one that fills.
    if (past.length >= 2 * limit) past.splice(0, past.length - limit);
  };

  return {
    observe(locker) {
      const recorder = record(locker, { ended: keep, happened: keep }, clock);
      recorders.add(recorder);
      return {
        [Symbol.dispose]() {
          recorders.delete(recorder);
          recorder[Symbol.dispose]();
        },
      };
    },
    async entries(query = {}) {
      checkQuery(query);
      const found = [...past.slice(-limit), ...[...recorders].flatMap((recorder) => [...recorder.live()])]
        .flatMap(entriesOf)
        .filter((entry) => isAskedFor(entry, query))
        .sort((a, b) => startOf(b) - startOf(a));
      return entriesWithin(found, query.limit ?? found.length);
    },
  };
}

function isAskedFor(entry: JournalEntry, { since, until, begunSince, resource, job, kind, outcome }: JournalQuery): boolean {
  return (
    (resource === undefined || entry.resource === resource) &&
    (job === undefined || entry.job === job) &&
    (kind === undefined || kindsOf(kind).includes(entry.kind)) &&
    (outcome === undefined || outcomeOf(entry) === outcome) &&
    (since === undefined || endOf(entry) >= since.getTime()) &&
    (begunSince === undefined || startOf(entry) >= begunSince.getTime()) &&
    (until === undefined || startOf(entry) < until.getTime())
  );
}

function startOf(entry: JournalEntry): number {
  return (entry.kind === 'hold' ? entry.from : entry.at).getTime();
}

function endOf(entry: JournalEntry): number {
  if (entry.kind === 'fire') return entry.to?.getTime() ?? (entry.outcome === 'ran' ? Number.POSITIVE_INFINITY : entry.at.getTime());
  if (entry.kind !== 'hold') return entry.at.getTime();
  if (entry.to !== undefined) return entry.to.getTime();
  return entry.outcome === 'ongoing' ? Number.POSITIVE_INFINITY : entry.from.getTime();
}

function outcomeOf(entry: JournalEntry): string {
  if (entry.kind === 'hold' || entry.kind === 'fire') return entry.outcome;
  if (entry.kind === 'skip') return entry.reason;
  return entry.kind === 'conflict' ? entry.code : entry.kind;
}
