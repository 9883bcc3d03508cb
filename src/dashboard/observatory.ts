import type { ResourceLocker } from '../lock/api/locker.ts';
import { StoreUnavailableError } from '../lock/errors.ts';
import { type Holder, placesTaken, printable } from '../lock/holder.ts';
import { type NameRules, normalizeName } from '../lock/plan/names.ts';
import type { Chronicle, KnownPast } from './chronicle.ts';
import { isOfTable } from './facts.ts';
import { factsIn, starvingIn } from './history.ts';
import { viewOf } from './holder-view.ts';
import { latestOf } from './latest.ts';
import { pacer } from './pace.ts';
import type { Range, TableView, View } from './view.ts';

/** What the dashboard reads of a locker. */
export type Inspected = Pick<ResourceLocker, 'inspect' | 'defaultSchema'> & Partial<Pick<ResourceLocker, 'nameRules'>>;

/** The tables to show: a list, what `createLocker` takes as `resources`, or a function that finds them anew at each look. */
export type Resources = readonly string[] | Readonly<Record<string, unknown>> | (() => Promise<readonly string[]>);

export interface ObservatoryOptions {
  readonly locker: Inspected;
  readonly resources: Resources;
  readonly listsAll: boolean;
  readonly chronicle: Chronicle | undefined;
  readonly starveAfterSkips: number;
  readonly refreshMs: number;
  readonly canUnlock: boolean;
  readonly environment: string | undefined;
  readonly store: string | undefined;
}

/** Looks at what is now, at most once per `refreshMs` for all who watch. */
export interface Observatory {
  /** Never rejects: what did not answer is among the problems. */
  look(): Promise<View>;
}

const hourMs = 3_600_000;
const tablesShown = 200;
const holdersShown = 20;
const askedAtOnce = 16;

/** Throws `InvalidOptionError` for a name that is none. */
export function createObservatory({ locker, chronicle, refreshMs, ...options }: ObservatoryOptions): Observatory {
  const { listsAll, canUnlock, environment, store } = options;
  const names = latestOf(namesOf(options.resources, locker.nameRules ?? { defaultSchema: locker.defaultSchema }));
  let looking: Promise<View> | undefined;
  let nextMonoMs = 0;

  async function lookAgain(): Promise<View> {
    const atMs = Date.now();
    const hour = { fromMs: atMs - hourMs, toMs: atMs };
    const [known, past] = await Promise.all([names(), chronicle?.read(hour.fromMs, 0)]);
    const all = mostMissedFirst(known.value ?? [], past ? await lastUsed(past, hour) : new Map());
    const shown = all.slice(0, tablesShown).sort();
    const inspect = (resource: string) => locker.inspect(resource).catch(() => undefined);
    const tables = await mapSome(shown, async (resource) => tableOf(resource, await inspect(resource)));
    const isSilent = tables.length === 0 && !(await answers(locker));
    return {
      atMs,
      environment,
      store,
      problems: problemsOf(known.isStale, past?.isStale ?? false, isSilent, tables),
      tables,
      tablesLeftOff: all.length - shown.length,
      listsAll,
      starving: past === undefined ? [] : await starvingIn(past, hour, options.starveAfterSkips, pacer()),
      hasJournal: chronicle !== undefined,
      canUnlock,
    };
  }

  return {
    look() {
      if (looking !== undefined && performance.now() < nextMonoMs) return looking;
      nextMonoMs = Number.POSITIVE_INFINITY;
      looking = lookAgain().finally(() => {
        nextMonoMs = performance.now() + refreshMs;
      });
      return looking;
    },
  };
}

/** Asked where there is no table to ask for: an empty page looks as if nothing were held. */
async function answers(locker: Inspected): Promise<boolean> {
  try {
    await locker.inspect('giveway_dashboard');
    return true;
  } catch (error) {
    return !(error instanceof StoreUnavailableError);
  }
}

/** A list is checked at once, and not again. */
function namesOf(resources: Resources, rules: NameRules): () => Promise<readonly string[]> {
  const normalized = (names: readonly string[]) => names.map((name) => normalizeName(name, rules, 'resources'));
  if (typeof resources === 'function') return async () => normalized(await resources());
  const names = normalized(Array.isArray(resources) ? resources : Object.keys(resources));
  return async () => names;
}

/** When each table of the journal was last used; `Infinity`: it is held. */
async function lastUsed({ chunks }: KnownPast, range: Range): Promise<ReadonlyMap<string, number>> {
  const lastMs = new Map<string, number>();
  for await (const facts of factsIn(chunks, range, pacer()))
    for (const fact of facts) if (isOfTable(fact)) lastMs.set(fact.table, Math.max(fact.toMs, lastMs.get(fact.table) ?? 0));
  return lastMs;
}

/** Not all may be shown: first those that are held by what the journal says, then those that somebody named, then the last used. */
function mostMissedFirst(named: readonly string[], usedMs: ReadonlyMap<string, number>): readonly string[] {
  const held = [...usedMs.keys()].filter((table) => usedMs.get(table) === Number.POSITIVE_INFINITY);
  const used = [...usedMs].sort(([, aMs], [, bMs]) => (aMs === bMs ? 0 : bMs - aMs)).map(([table]) => table);
  return [...new Set([...held, ...named, ...used])];
}

function tableOf(resource: string, seen: readonly Holder[] | undefined): TableView {
  const title = printable(resource);
  if (seen === undefined)
    return { resource, title, state: 'unknown', holders: [], holdersLeftOff: 0, places: undefined, waiting: [], waitingLeftOff: 0 };
  // Whoever writes the record stands last in it: by that, sharers would change places with each beat.
  const holders = seen
    .filter(({ state }) => state !== 'waiting')
    .sort((a, b) => a.since.getTime() - b.since.getTime() || (a.token < b.token ? -1 : 1));
  const waiting = seen.filter(({ state }) => state === 'waiting');
  return {
    resource,
    title,
    state: holders.length === 0 ? 'free' : holders.some(({ state }) => state === 'holding') ? 'held' : 'min-hold',
    holders: holders.slice(0, holdersShown).map(viewOf),
    holdersLeftOff: Math.max(0, holders.length - holdersShown),
    places: placesTaken(holders),
    waiting: waiting.slice(0, holdersShown).map(viewOf),
    waitingLeftOff: Math.max(0, waiting.length - holdersShown),
  };
}

function problemsOf(isListStale: boolean, isPastStale: boolean, isSilent: boolean, tables: readonly TableView[]): readonly string[] {
  const silent = tables.filter(({ state }) => state === 'unknown').length;
  return [
    ...(isListStale ? ['The list of tables could not be read.'] : []),
    ...(isPastStale ? ['The journal could not be read: what is shown of the past may be old or missing.'] : []),
    ...(isSilent ? ['The store does not answer: who holds what is not known.'] : []),
    ...(silent > 0 ? [`The store did not answer for ${silent} of ${tables.length} tables: who holds them is not known.`] : []),
  ];
}

/** `Promise.all`, a few at a time. */
async function mapSome<T, R>(items: readonly T[], map: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += askedAtOnce) {
    results.push(...(await Promise.all(items.slice(from, from + askedAtOnce).map(map))));
  }
  return results;
}
