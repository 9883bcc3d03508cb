import type { Mode } from '../lock/holder.ts';
import type { SqlReader, TablesWritten } from '../warehouse/sql/index.ts';
import { inWords, type Statement } from './statements.ts';
import type { Transaction } from './transaction.ts';

/** Transactions of one application and user that write the same tables. Numbers in the application's name (`worker 7`) are `#`. */
export interface Job {
  readonly id: number;
  /** `nightly: update visits`, `shop: reads`. */
  name: string;
  readonly application: string;
  readonly user: string;
  /** What it does, as `insert events, update visits`; empty if it writes nothing. */
  readonly does: string;
  /** How it uses each table: the strongest mode that was seen. Empty if nothing is known. */
  readonly modes: ReadonlyMap<string, Mode>;
  /** Its statements in words, those that write first. */
  readonly statements: ReadonlySet<string>;
  /** Statements of which nobody can tell what they touch. */
  readonly unread: ReadonlySet<string>;
  readonly isWriter: boolean;
}

interface GrowingJob extends Job {
  readonly modes: Map<string, Mode>;
  readonly statements: Set<string>;
  readonly unread: Set<string>;
}

export interface Jobs {
  of(transaction: Transaction): Job;
  all(): readonly Job[];
}

interface Reading {
  readonly words: string;
  readonly verb: string;
  readonly tables: TablesWritten | undefined;
}

// Enough to know a job by.
const mostShown = 20;
// Of tables with a number each, as stages and partitions have: they are one to whoever asks which job it was.
const mostNumbered = 100;
const longNumber = /\d{4,}/g;

/** Is it one of many of its kind, as `stage_20261128`? */
export function isNumbered(table: string): boolean {
  return table.search(longNumber) !== -1;
}
// Of what was read once and may come again.
const mostRemembered = 2_000;

/** Tells which job a transaction is a run of. `sqlReader` says what statements touch. */
export function createJobs({ tablesWritten }: Pick<SqlReader, 'tablesWritten'>): Jobs {
  const jobs = new Map<string, GrowingJob>();
  const readings = new Map<number, Reading>();
  const known = new WeakMap<readonly Statement[], Job>();
  const bySignature = new Map<string, Job>();

  const readingOf = ({ id, text }: Statement): Reading =>
    remembered(readings, id, () => {
      const words = inWords(text);
      return { words, verb: verbOf(words), tables: tablesWritten(text) };
    });

  const find = ({ application: named, user, statements }: Transaction): Job => {
    const application = named.replace(/\d+/g, '#');
    const found = statements.map(readingOf);
    const modes = modesOf(found);
    const does = doingOf(found, modes);
    const written = [...modes].filter(([, mode]) => mode !== 'read').map(([table]) => table);
    const isWriter = written.length > 0;
    const unread = found.filter(({ tables }) => tables === undefined);
    const kinds = [...new Set(written.map((table) => table.replace(longNumber, '#')))].sort();
    const key = JSON.stringify([application, user, kinds, isWriter ? '' : unread.map(({ words }) => words)]);
    const job: GrowingJob = jobs.get(key) ?? {
      id: jobs.size,
      name: [application, does || (unread[0]?.words ?? 'reads')].filter((part) => part !== '').join(': '),
      application,
      user,
      does,
      modes: new Map(),
      statements: new Set(),
      unread: new Set(),
      isWriter,
    };
    jobs.set(key, job);
    for (const [table, mode] of modes)
      if (job.modes.size < mostNumbered || !isNumbered(table)) job.modes.set(table, strongest(job.modes.get(table), mode));
    const writing = found.filter(({ tables }) => tables === undefined || tables.writes.length + tables.appends.length > 0);
    for (const { words } of [...writing, ...found]) if (job.statements.size < mostShown && words !== '') job.statements.add(words);
    for (const { words } of unread) if (job.unread.size < mostShown) job.unread.add(words);
    return job;
  };

  return {
    of(transaction) {
      const { application, user, statements } = transaction;
      const found = known.get(statements);
      if (found !== undefined) return found;
      const signature = JSON.stringify([application, user, ...statements.map(({ id }) => id)]);
      const job = remembered(bySignature, signature, () => find(transaction));
      known.set(statements, job);
      return job;
    },
    all() {
      nameApart([...jobs.values()]);
      return [...jobs.values()];
    },
  };
}

function remembered<K, V>(known: Map<K, V>, key: K, make: () => V): V {
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= mostRemembered) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}

/** Where users or details alone tell jobs apart, their names say so. */
function nameApart(jobs: readonly GrowingJob[]): void {
  const count = (name: string): number => jobs.filter((other) => other.name === name).length;
  const doubled = jobs.filter(({ name }) => count(name) > 1);
  for (const job of doubled) if (job.user !== '') job.name += ` (${job.user})`;
  const still = doubled.filter(({ name }) => count(name) > 1);
  still.forEach((job, index) => {
    job.name += ` #${index + 1}`;
  });
}

/** A table that is used in two ways needs the one that excludes the most. */
function strongest(one: Mode | undefined, other: Mode): Mode {
  return one === undefined || one === other ? other : 'write';
}

function modesOf(readings: readonly Reading[]): ReadonlyMap<string, Mode> {
  const modes = new Map<string, Mode>();
  for (const { tables } of readings) {
    const lists = [
      ['write', tables?.writes],
      ['append', tables?.appends],
      ['read', tables?.reads],
    ] as const;
    for (const [mode, names = []] of lists) for (const name of names) modes.set(name, strongest(modes.get(name), mode));
  }
  const temporary = new Set(readings.flatMap(({ tables }) => tables?.temporary ?? []));
  return new Map([...modes].filter(([name]) => !temporary.has(name)));
}

/** `insert events; update, delete visits`: by table, in the order in which they were written. */
function doingOf(readings: readonly Reading[], modes: ReadonlyMap<string, Mode>): string {
  const verbs = new Map<string, Set<string>>();
  for (const { verb, tables } of readings) {
    for (const table of [...(tables?.writes ?? []), ...(tables?.appends ?? [])]) {
      const name = table.replace(longNumber, '#');
      if (modes.has(table)) verbs.set(name, (verbs.get(name) ?? new Set()).add(verb));
    }
  }
  return [...verbs].map(([name, found]) => `${[...found].join(', ')} ${name}`).join('; ');
}

function verbOf(words: string): string {
  const verbs = /\b(?:insert|update|delete|merge|copy|truncate|create|alter|drop|vacuum|analyze|refresh|lock|reindex|cluster)\b/i;
  return verbs.exec(words)?.[0].toLowerCase() ?? 'write';
}
