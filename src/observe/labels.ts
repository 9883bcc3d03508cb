import { checkFields } from '../lock/plan/options.ts';
import { flag, positiveInteger, type RulesOf } from './check-options.ts';

/** Which labels metrics carry beside outcomes and reasons. Both cost time series for each value. */
export interface LabelOptions {
  /** Label with the resources, as `events` or `events+visits`. Default false. */
  readonly resource?: boolean;
  /** Label with the job. Default false. */
  readonly job?: boolean;
  /** Label the histograms too, which is most of what labels cost, at each lock and in series. Default false. */
  readonly histograms?: boolean;
  /** How many values a label may have on one meter; what comes later is `'other'`. Default 100. */
  readonly maxValues?: number;
}

const rules: RulesOf<LabelOptions> = {
  resource: flag,
  job: flag,
  histograms: flag,
  maxValues: positiveInteger,
};

export function checkLabels(options: LabelOptions = {}): void {
  checkFields(options, rules, 'labels.');
}

export type Attributes = Record<string, string | number | boolean>;

/** The labels of one resource and job, and what is made of them. */
export interface Labels {
  /** These and the outcome. The same object each time: to make one for each event costs more than to count it. */
  and(outcome: string): Attributes;
  /** These alone, for what is rare. */
  readonly all: Readonly<Attributes>;
  /** For the histograms. OpenTelemetry sorts and serialises the labels of each value it is given, unless there are none. */
  readonly timed: Attributes;
}

/** The values that the labels of a meter have: what was counted under them stays with it, whichever locker it was of. */
interface Values {
  readonly resources: Set<string>;
  readonly jobs: Set<string>;
}

const valuesOf = new WeakMap<object, Values>();

/** Finds the labels of an event, of which there are never more than allowed. */
export function boundedLabels(
  meter: object,
  { resource = false, job = false, histograms = false, maxValues = 100 }: LabelOptions = {},
): (resource: string | undefined, job: string | undefined) => Labels {
  const none = labelsOf({}, false);
  if (!resource && !job) return () => none;
  const values = valuesOf.get(meter) ?? { resources: new Set(), jobs: new Set() };
  valuesOf.set(meter, values);
  const resources = bounded(values.resources, maxValues);
  const jobs = bounded(values.jobs, maxValues);
  const made = new Map<string | undefined, Map<string | undefined, Labels>>();
  return (resourceName, jobName) => {
    const one = resource && resourceName !== undefined ? resources(family(resourceName)) : undefined;
    const other = job && jobName !== undefined ? jobs(jobName) : undefined;
    const byJob = found(made, one, () => new Map<string | undefined, Labels>());
    return found(byJob, other, () => {
      const labels = { ...(one !== undefined && { resource: one }), ...(other !== undefined && { job: other }) };
      return labelsOf(labels, histograms);
    });
  };
}

function labelsOf(all: Attributes, histograms: boolean): Labels {
  const byOutcome = new Map<string, Attributes>();
  return { all, and: (outcome) => found(byOutcome, outcome, () => ({ ...all, outcome })), timed: histograms ? all : {} };
}

/** What is under `key`, made at first use. */
function found<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

/** Tenants are many: `events/acme` counts as `events/*`. */
function family(resource: string): string {
  return resource.includes('/') ? resource.replace(/\/[^+]*/g, '/*') : resource;
}

function bounded(known: Set<string>, maxValues: number): (value: string) => string {
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= maxValues) return 'other';
    known.add(value);
    return value;
  };
}
