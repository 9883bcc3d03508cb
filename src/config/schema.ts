// `zod/mini`, because a bundle of it without messages and locales loads in a few milliseconds, and the CLI reads a config
// at every start. Each message here says what is allowed; `problems.ts` puts before it what was received.
import * as z from 'zod/mini';
import type { JobSettings } from '../jobs/configured.ts';
import type { RetryOptions, StarveAfter, TableOptions } from '../lock/options.ts';
import { dialects } from '../lock/plan/identifiers.ts';
import { ttlRangeMs } from '../lock/plan/options.ts';
import { storeSettingProblem } from './store-setting.ts';
import { backends } from './stores/backends.ts';
import type { EnvironmentSettings, GivewayConfig, StoreSetting } from './types.ts';

const longestWaitMs = 2 ** 31 - 1;
/** Each of them is played in a forecast. */
const mostInstances = 1_000;

const text = (meta: Meta) => {
  const allowed = 'a non-empty string is allowed';
  return z.string(allowed).check(z.minLength(1, allowed), z.meta(meta));
};

const matching = (pattern: RegExp, allowed: string, meta: Meta) => z.string(allowed).check(z.regex(pattern, allowed), z.meta(meta));

const keyPart = (meta: Meta) =>
  matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, 'letters, digits, ".", "_" and "-" are allowed, 40 characters at most', meta);

const flag = (meta: Meta) => z.boolean('true or false is allowed').check(z.meta(meta));

const oneOf = <const T extends string>(values: readonly T[], meta: Meta) =>
  z.enum(values, `${values.map((value) => `"${value}"`).join(' or ')} is allowed`).check(z.meta(meta));

const wholeMs = (min: number, max: number, meta: Meta) => {
  const allowed = `an integer from ${min} to ${max} (milliseconds) is allowed`;
  return z.int(allowed).check(z.gte(min, allowed), z.lte(max, allowed), z.meta(meta));
};

const count = (meta: Meta, max?: number) => {
  const allowed = `a whole number from 1 ${max === undefined ? 'up' : `to ${max}`} is allowed`;
  return z.int(allowed).check(z.gte(1, allowed), ...(max === undefined ? [] : [z.lte(max, allowed)]), z.meta(meta));
};

/** An integer from `min`, or Infinity. JSON has no Infinity: there it is the text "Infinity". */
const wholeOrInfinite = (min: number, unit: string, meta: Meta) => {
  const isAllowed = (value: unknown): boolean =>
    value === Number.POSITIVE_INFINITY || value === 'Infinity' || (Number.isSafeInteger(value) && (value as number) >= min);
  return z.custom<number | 'Infinity'>(isAllowed, `an integer from ${min}${unit} or Infinity ("Infinity" in JSON) is allowed`).check(
    z.overwrite((value) => (value === 'Infinity' ? Number.POSITIVE_INFINITY : value)),
    z.meta({ ...meta, anyOf: [{ type: 'integer', minimum: min }, { const: 'Infinity' }] }),
  );
};

/** What editors show. */
type Meta = z.core.GlobalMeta & { readonly description: string };

/** One schema for each field of `T`, no more and no fewer. */
type Fields<T> = Readonly<Record<keyof T, z.ZodMiniType>>;

const retry = {
  maxWaitMs: z.optional(wholeMs(0, longestWaitMs, { description: 'Longest wait, in milliseconds.', default: 10_000 })),
  delayMs: z.optional(
    wholeMs(1, longestWaitMs, { description: 'First pause between two looks, in milliseconds; grows up to maxDelayMs.', default: 50 }),
  ),
  maxDelayMs: z.optional(wholeMs(1, longestWaitMs, { description: 'Longest pause between two looks, in milliseconds.', default: 1_000 })),
  maxAttempts: z.optional(wholeOrInfinite(1, '', { description: 'Most looks before giving up.', default: 'Infinity' })),
} satisfies Fields<RetryOptions>;

const table = {
  ttlMs: z.optional(
    wholeMs(ttlRangeMs.min, ttlRangeMs.max, {
      description: 'How long a lock lives without a heartbeat, in milliseconds.',
      default: 30_000,
    }),
  ),
  maxHoldMs: z.optional(
    wholeOrInfinite(1_000, ' (milliseconds)', {
      description: 'The longest a lock may be kept alive, in milliseconds, or "Infinity".',
      default: 300_000,
    }),
  ),
  minHoldMs: z.optional(
    wholeMs(0, ttlRangeMs.max, { description: 'The shortest time before others may take it, in milliseconds; at most ttlMs.', default: 0 }),
  ),
  retry: z.optional(
    z
      .strictObject(retry, 'an object { maxWaitMs, delayMs, maxDelayMs, maxAttempts } is allowed')
      .check(z.meta({ description: 'How long and how often to try while the resource is busy.' })),
  ),
  onBusy: z.optional(oneOf(['skip', 'retry'], { description: 'What run() does while somebody holds the resource.', default: 'skip' })),
  onStoreDown: z.optional(
    oneOf(['run', 'skip', 'throw'], {
      description: 'What to do when the store does not answer: work unprotected, do not work, or fail.',
      default: 'run',
    }),
  ),
} satisfies Fields<Omit<TableOptions, 'limits'>>;

const limits = {
  appends: z.optional(count({ description: 'At most so many appends at once in the whole fleet.' })),
  reads: z.optional(count({ description: 'At most so many reads at once in the whole fleet.' })),
} satisfies Fields<NonNullable<TableOptions['limits']>>;

const listedTable = {
  ...table,
  limits: z.optional(
    z
      .strictObject(limits, 'an object { appends, reads } is allowed')
      .check(z.meta({ description: 'How many may hold it at once in the whole fleet.' })),
  ),
} satisfies Fields<TableOptions>;

const starveAfter = {
  skips: z.optional(wholeOrInfinite(1, '', { description: 'Skips in a row, or "Infinity".', default: 10 })),
  ms: z.optional(
    wholeOrInfinite(1, ' (milliseconds)', {
      description: 'Milliseconds since the first of those skips, or "Infinity".',
      default: 'Infinity',
    }),
  ),
} satisfies Fields<StarveAfter>;

const name = z.string('a name is a non-empty string');

const resources = z
  .union(
    [z.array(name), z.record(name, z.strictObject(listedTable, 'an object of settings is allowed, {} for none'))],
    'a list of names, or an object { name: settings }, is allowed',
  )
  .check(
    z.meta({
      description: 'The tables that may be locked; without it every name may be. A name ending in .* stands for all tables of a schema.',
    }),
  );

const tables = (meta: Meta) => z.optional(z.union([name, z.array(name)], 'a name or a list of names is allowed').check(z.meta(meta)));

const job = {
  cron: text({ description: 'When it fires: a cron expression of five fields, or of six with seconds first.' }),
  timezone: z.optional(text({ description: 'The time zone of the expression, such as Europe/Paris. Default: that of the process.' })),
  writes: tables({ description: 'Tables that it needs alone.' }),
  appends: tables({ description: 'Tables that it only inserts into.' }),
  reads: tables({ description: 'Tables that what it writes depends on.' }),
  onBusy: table.onBusy,
  retry: table.retry,
  instances: z.optional(count({ description: 'How many processes run each of its fires for themselves.', default: 1 }, mostInstances)),
  after: z.optional(text({ description: 'The job whose fires come before its own; a forecast proposes nothing that would change that.' })),
} satisfies Fields<JobSettings>;

const jobs = z
  .record(
    text({ description: 'The name of the job.' }),
    z.strictObject(job, 'an object { cron, writes, … } is allowed'),
    'an object { name: job } is allowed',
  )
  .check(z.meta({ description: 'The scheduled jobs: what schedule() takes by name, and giveway forecast plays.' }));

const onePart = /^(?:[^\s."/*]+|"[^"]+")$/;

const settings = {
  store: z.optional(
    z
      .custom<StoreSetting>((value) => storeSettingProblem(value) === undefined, { error: ({ input }) => storeSettingProblem(input) })
      .check(
        z.meta({
          description: 'Where the locks live, as a URL.',
          type: 'string',
          examples: [...new Set([...backends.values()].map(({ example }) => example))],
        }),
      ),
  ),
  namespace: z.optional(keyPart({ description: 'First part of every key.', default: 'giveway' })),
  environment: z.optional(keyPart({ description: 'Second part of every key: keeps staging and production apart on one store.' })),
  defaultSchema: z.optional(
    matching(onePart, 'the name of one schema is allowed', {
      description: 'Dropped from names: with "public", public.events is events.',
      default: 'public',
    }),
  ),
  database: z.optional(
    matching(onePart, 'the name of one database is allowed', {
      description: 'Dropped from names of three parts: with "dev", dev.analytics.events is analytics.events. Another database is refused.',
    }),
  ),
  dialect: z.optional(
    oneOf(dialects, {
      description: 'How names fold: as in PostgreSQL (unless quoted, 63 bytes) or in Redshift (quoted too, 127 bytes).',
      default: 'postgres',
    }),
  ),
  resources: z.optional(resources),
  jobs: z.optional(jobs),
  host: z.optional(
    matching(/^[^\p{Cc}]{1,255}$/u, 'a name of 1 to 255 characters without control characters is allowed', {
      description: 'Under which name records and messages show a process. Default: GIVEWAY_HOST, else the name of the machine.',
    }),
  ),
  maxWaiters: z.optional(
    count({ description: 'More than these may not wait for one table in one process; the next is busy at once.', default: 10_000 }),
  ),
  nesting: z.optional(
    oneOf(['context', 'explicit'], {
      description: 'How a run knows that it is inside another: by the async context, or not at all.',
      default: 'context',
    }),
  ),
  allowUnlisted: z.optional(flag({ description: 'Allow names that are not under resources too.', default: false })),
  job: z.optional(text({ description: 'Shown to others while a lock is held.' })),
  heartbeat: z.optional(flag({ description: 'Renew every ttlMs / 3 while held.', default: true })),
  ...table,
  starveAfter: z.optional(
    z
      .strictObject(starveAfter, 'an object { skips, ms } is allowed')
      .check(z.meta({ description: 'When a job that keeps being skipped is reported by the event "starving".' })),
  ),
  onStarving: z.optional(
    oneOf(['event', 'wait'], {
      description: 'What a starving job does beside the event: nothing more, or wait at its next run.',
      default: 'event',
    }),
  ),
} satisfies Fields<EnvironmentSettings>;

const environment = z.strictObject(settings, 'an object of settings is allowed');

const file = {
  $schema: z.optional(text({ description: 'Where this JSON Schema is, for editors.' })),
  ...settings,
  environments: z.optional(
    z
      .record(z.string(), environment, 'an object { name: settings } is allowed')
      .check(z.meta({ description: 'What differs per environment. The one in force is named by GIVEWAY_ENV, else by NODE_ENV.' })),
  ),
} satisfies Fields<GivewayConfig>;

/** A whole config file. */
export const fileSchema: z.ZodMiniType = z.strictObject(file, 'an object is allowed').check(z.meta({ title: 'giveway config' }));

/** One environment of it: also what the caller and the variables may set. */
export const environmentSchema: z.ZodMiniType = environment;

/** The fields that may stand in the object at `path` of a config file, or of the caller's `overrides`. */
export function fieldsAt(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(file);
  const depth = { environments: 2, overrides: 1 }[String(path[0])] ?? 0;
  const [first, ...rest] = path.slice(depth);
  if (first === undefined) return Object.keys(settings);
  if (first === 'jobs' && rest.length === 1) return Object.keys(job);
  if (first === 'resources' && rest.length === 1) return Object.keys(listedTable);
  if (first === 'resources' && rest.at(-1) === 'limits') return Object.keys(limits);
  return Object.keys(first === 'starveAfter' ? starveAfter : retry);
}
