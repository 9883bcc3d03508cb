import type { Attributes } from './labels.ts';

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

interface Observable {
  addCallback(report: (collection: { observe(value: number, attributes?: Attributes): void }) => void): void;
}

interface Histogram {
  record(value: number, attributes: Attributes): void;
}

/** The part of OpenTelemetry's `Meter` that is used. */
export interface Meter {
  createObservableCounter(name: string, options: InstrumentOptions): Observable;
  createObservableUpDownCounter(name: string, options: InstrumentOptions): Observable;
  createHistogram(name: string, options: InstrumentOptions): Histogram;
}

/** What is added to `value` is reported when somebody collects: until then it costs an addition. */
interface Sum {
  readonly attributes: Attributes;
  value: number;
}

/** The sum of these labels. */
type Sums = (attributes: Attributes) => Sum;

export interface Instruments {
  readonly attempts: Sums;
  readonly skips: Sums;
  readonly releases: Sums;
  readonly lost: Sums;
  readonly storeErrors: Sums;
  readonly conflicts: Sums;
  readonly lateLocks: Sums;
  readonly starving: Sums;
  readonly fires: Sums;
  readonly notices: Sums;
  readonly held: Sum;
  readonly storeDown: Sum;
  readonly wait: Histogram;
  readonly skipWait: Histogram;
  readonly hold: Histogram;
}

/** A store's round trip, a wait behind a batch, a wait behind a job. In seconds. */
const waitBounds = [0.001, 0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30, 60, 300];
/** From one insert to a long rebuild. In seconds. */
const holdBounds = [0.005, 0.025, 0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 900, 3_600];

const made = new WeakMap<Meter, Instruments>();

/**
 * The instruments of a meter, the same for all lockers it observes. A collector keeps one value per instrument and labels, so
 * that lockers with sums of their own would hide each other's. They stay for as long as the meter: what was counted before an
 * observer was disposed is still to be collected.
 */
export function instrumentsOf(meter: Meter): Instruments {
  let instruments = made.get(meter);
  if (instruments === undefined) {
    instruments = createInstruments(meter);
    made.set(meter, instruments);
  }
  return instruments;
}

function createInstruments(meter: Meter): Instruments {
  const count = (name: string, unit: string, description: string): Sums =>
    sumsOf(meter.createObservableCounter(`giveway.${name}`, { description, unit }));
  const level = (name: string, unit: string, description: string): Sum =>
    sumsOf(meter.createObservableUpDownCounter(`giveway.${name}`, { description, unit }))({});
  const seconds = (name: string, description: string, explicitBucketBoundaries: number[]): Histogram =>
    meter.createHistogram(`giveway.${name}.duration`, { description, unit: 's', advice: { explicitBucketBoundaries } });
  return {
    attempts: count('attempts', '{attempt}', 'Attempts to take a lock, by outcome: acquired, unprotected, busy'),
    skips: count('skips', '{skip}', 'Runs that did not take place and waits that were given up, by reason'),
    releases: count('releases', '{lock}', 'Locks that ended, by outcome: released, not-ours, handed-over, lost'),
    lost: count('lost', '{lock}', 'Locks that ended before they were let go, by reason'),
    storeErrors: count('store.errors', '{error}', 'Outages of the lock store (phase: outage) and failed releases (phase: release)'),
    conflicts: count('conflicts', '{conflict}', 'Transactions that the database aborted because of another one, by its code'),
    lateLocks: count('late_locks', '{write}', 'Writes without the lock, or before it was had'),
    starving: count('starving', '{skip}', 'Skips of jobs that are skipped too often'),
    fires: count('fires', '{fire}', 'Fires that one instance of all is to have, by outcome: taken, elsewhere, store-down, closed, aborted'),
    notices: count('notices', '{notice}', 'Facts about store or records that an operator should see, by code'),
    held: level('held', '{lock}', 'Locks held now'),
    storeDown: level('store.down', '{locker}', 'Lockers whose store does not answer'),
    wait: seconds('wait', 'From asking for a lock to having it', waitBounds),
    skipWait: seconds('skip', 'From asking for a lock to giving up', waitBounds),
    hold: seconds('hold', 'From having a lock to its end, but for releases that failed', holdBounds),
  };
}

function sumsOf(instrument: Observable): Sums {
  const all = new Map<string, Sum>();
  // The labels of a resource are the same object each time, so that they need not be spelt out to be found.
  const known = new WeakMap<Attributes, Sum>();
  instrument.addCallback((collection) => {
    for (const { value, attributes } of all.values()) collection.observe(value, attributes);
  });
  return (attributes) => {
    let sum = known.get(attributes);
    if (sum === undefined) {
      const labels = JSON.stringify(attributes);
      sum = all.get(labels) ?? { attributes, value: 0 };
      all.set(labels, sum);
      known.set(attributes, sum);
    }
    return sum;
  };
}
