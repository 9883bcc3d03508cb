import { type Clock, systemClock } from '../../lock/clock.ts';
import { anything, checkOptions, orNone, positiveInteger, type Rules } from '../check-options.ts';
import { checkQuery, defaultEntries, type Journal, type JournalEntry } from './journal.ts';
import { type Hold, holdEntries, type Moment, type Recorder, record } from './recorder.ts';

export interface JournalOptions {
  /** How many ended holds, skips, waits and conflicts are kept; the oldest go first. Default 1 000. */
  readonly limit?: number;
  /** For tests. */
  readonly clock?: Clock;
}

const rules: Rules<JournalOptions> = { limit: orNone(positiveInteger), clock: anything };

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
      const { since, until, resource, kind, limit: wanted } = query;
      return [...past.slice(-limit), ...[...recorders].flatMap((recorder) => [...recorder.live()])]
        .flatMap((one): readonly JournalEntry[] => ('kind' in one ? [one] : holdEntries(one)))
        .filter(
          (entry) =>
            (resource === undefined || entry.resource === resource) &&
            (kind === undefined || entry.kind === kind) &&
            (since === undefined || endOf(entry) >= since.getTime()) &&
            (until === undefined || startOf(entry) < until.getTime()),
        )
        .sort((a, b) => startOf(b) - startOf(a))
        .slice(0, wanted);
    },
  };
}

function startOf(entry: JournalEntry): number {
  return (entry.kind === 'hold' ? entry.from : entry.at).getTime();
}

function endOf(entry: JournalEntry): number {
  if (entry.kind !== 'hold') return entry.at.getTime();
  if (entry.to !== undefined) return entry.to.getTime();
  return entry.outcome === 'ongoing' ? Number.POSITIVE_INFINITY : entry.from.getTime();
}
