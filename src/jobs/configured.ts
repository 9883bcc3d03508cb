import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { allowedNames } from '../lock/nearest.ts';
import type { LockScope, Names, RetryOptions } from '../lock/options.ts';
import { pick } from './pick.ts';
import { processWide } from './process-wide.ts';

/** A job as a config writes it: when it fires, what it needs, and what it does when that is busy. Under `jobs`, by its name. */
export interface JobSettings {
  /** A cron expression of five fields, or of six with seconds first. */
  readonly cron: string;
  /** Such as `Europe/Paris`. Default: the zone of the process. */
  readonly timezone?: string;
  readonly writes?: Names;
  readonly appends?: Names;
  readonly reads?: Names;
  /** Default: the table's, else the locker's, else `'skip'`. */
  readonly onBusy?: 'skip' | 'retry';
  readonly retry?: RetryOptions;
  /** How many processes run each fire for themselves, with the guarantee `'no-overlap'`. For `giveway forecast`. Default 1. */
  readonly instances?: number;
  /** The job whose fires come before its own: `giveway forecast` proposes no times that would change that. */
  readonly after?: string;
}

export type ConfiguredJobs = Readonly<Record<string, JobSettings>>;

const known = processWide('configured-jobs.v1', () => new WeakMap<ResourceLocker, ConfiguredJobs>());

/** From now on `schedule` knows these jobs by their names, with this locker. */
export function rememberJobs(locker: ResourceLocker, jobs: ConfiguredJobs): void {
  known.set(locker, jobs);
}

/** What a configured job takes from its config, so that it is said once. */
const saidInConfig = ['scope', 'timezone'] as const;

/** A schedule as it was asked for, or as the config says it where `expression` is the name of a job. Throws `InvalidOptionError`. */
export function asConfigured<O extends object>(
  expression: string,
  options: O,
  isExpression: (text: string) => boolean,
): { readonly expression: string; readonly options: O } {
  const { locker, ...own } = (options ?? {}) as { readonly locker?: ResourceLocker } & Record<string, unknown>;
  const jobs = typeof locker === 'object' && locker !== null ? known.get(locker) : undefined;
  if (jobs === undefined) return { expression, options };
  if (!Object.hasOwn(jobs, expression)) {
    if (typeof expression !== 'string' || isExpression(expression)) return { expression, options };
    const allowed = allowedNames(expression, Object.keys(jobs));
    throw new InvalidOptionError('expression', expression, `that is no cron expression, and the config has no such job${allowed}`);
  }
  for (const field of saidInConfig)
    if (own[field] !== undefined)
      throw new InvalidOptionError(field, own[field], `the config says it for the job "${expression}": leave it out here`);
  const job = jobs[expression] as JobSettings;
  const said = pick(job, ['timezone', 'onBusy', 'retry']);
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return { expression: job.cron, options: { name: expression, ...said, ...given, scope: scopeIn(job), locker } as unknown as O };
}

/** What a job needs, as its config says it. */
export function scopeIn({ writes, appends, reads }: JobSettings): LockScope {
  return { ...(writes && { writes }), ...(appends && { appends }), ...(reads && { reads }) };
}
