/** Which labels metrics carry beside outcomes and reasons. Both cost one time series per value and process. */
export interface LabelOptions {
  /** Label with the resources, as `events` or `events+visits`. Default false. */
  readonly resource?: boolean;
  /** Label with the job. Default false. */
  readonly job?: boolean;
  /** How many values a label may have; what comes later is `'other'`. Default 100. */
  readonly maxValues?: number;
}

export interface Labels {
  readonly resource?: string;
  readonly job?: string;
}

const none: Labels = {};

/** Makes the labels of an event, of which there are never more than allowed. */
export function boundedLabels({
  resource = false,
  job = false,
  maxValues = 100,
}: LabelOptions = {}): (resource: string, job: string | undefined) => Labels {
  if (!resource && !job) return () => none;
  const resources = bounded(maxValues);
  const jobs = bounded(maxValues);
  return (resourceName, jobName) => ({
    ...(resource ? { resource: resources(family(resourceName)) } : {}),
    ...(job && jobName !== undefined ? { job: jobs(jobName) } : {}),
  });
}

/** Fires and tenants are many: `!fire/…` and `events/acme` count as `!fire/*` and `events/*`. */
function family(resource: string): string {
  return resource.replace(/\/[^+]*/g, '/*');
}

function bounded(maxValues: number): (value: string) => string {
  const known = new Set<string>();
  return (value) => {
    if (known.has(value)) return value;
    if (known.size >= maxValues) return 'other';
    known.add(value);
    return value;
  };
}
