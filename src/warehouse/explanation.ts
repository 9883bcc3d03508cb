import type { Conflict } from '../conflicts/conflict.ts';
import { excludes, type Holder, type Mode } from '../lock/holder.ts';
import type { ResolvedScope } from '../lock/options.ts';
import { covers, modeIn } from '../lock/plan/scope.ts';
import type { TablesWritten } from './sql/index.ts';

/** What is known about a transaction that was aborted. Names are normalised, as in the scope. */
export interface ConflictContext {
  /** What the transaction held. */
  readonly scope: ResolvedScope;
  /** What its statements touched; `undefined` when that could not be read from them. */
  readonly written: TablesWritten | undefined;
  /** Who else held something at that moment, as far as anybody looked. */
  readonly others: readonly Holder[];
  /** The schema of names without one, as the locker has it. Default `public`. */
  readonly defaultSchema?: string;
}

/** A resource somebody used without holding it. */
export interface MissingResource {
  readonly resource: string;
  /** `'others'`: it is this one or another such, missing from the scope of a transaction nobody told us about. */
  readonly from: 'this transaction' | 'others';
  /** The mode it should be held in, where that is known. */
  readonly mode?: Mode;
}

export interface ConflictExplanation {
  readonly sentences: readonly string[];
  readonly missing: readonly MissingResource[];
}

const fields = { write: 'writes', append: 'appends', read: 'reads' } as const;

const whatHappened: Record<Conflict['kind'], string> = {
  serialization: 'no order of the transactions would have given its results',
  deadlock: 'it and another one waited for each other',
  'lock-timeout': 'another one held a lock for longer than it may wait',
  cycle: 'it and others formed a cycle of reads and writes',
  ddl: 'something it used was being changed at the same moment',
  'stale-snapshot': 'a table was replaced after it had begun',
};

/**
 * Says which resource was missing from whose scope. What can be known is what *this* transaction touched and held; of the
 * other one only that it took no lock that excludes this one, or that two locks overlapped.
 */
export function explainConflict(
  conflict: Conflict,
  { scope, written, others, defaultSchema = 'public' }: ConflictContext,
): ConflictExplanation {
  const aborted = `The database aborted this transaction (${conflict.code}): ${whatHappened[conflict.kind]}.`;
  const explain = (sentences: readonly string[], missing: readonly MissingResource[] = []): ConflictExplanation => ({
    sentences: [aborted, ...sentences],
    missing,
  });

  if (conflict.kind === 'ddl' || conflict.kind === 'stale-snapshot')
    return explain(['Whoever changes or replaces the table should hold it in `writes` meanwhile.']);
  if (written === undefined)
    return explain(['What it touched cannot be told from its statements; a comment `giveway: writes=… reads=…` in them would say.']);

  const used = usesOf(written);
  const heldIn = (resource: string): Mode | undefined => modeIn(scope, resource, defaultSchema);
  const missing = used.filter(({ resource, mode }) => !suffices(heldIn(resource), mode));
  if (missing.length > 0) {
    const sentences = missing.map(
      ({ resource, mode }) => `It used "${resource}", ${heldAs(heldIn(resource))}: add it to \`${fields[mode]}\`.`,
    );
    return explain(
      sentences,
      missing.map((use) => ({ ...use, from: 'this transaction' })),
    );
  }

  const overlapping = others.filter(
    (holder) => holder.state === 'holding' && used.some((use) => use.resource === holder.resource && excludes(use.mode, holder.mode)),
  );
  if (overlapping.length > 0) {
    const who = overlapping.map(({ resource, job = 'a job without a name', mode }) => `${job} held "${resource}" (${mode})`).join(', ');
    return explain([`At the same moment ${who}: two locks overlapped, as when the store was down or forgot one.`]);
  }
  const names = used.map(({ resource }) => `"${resource}"`).join(' or ');
  return explain(
    [`Every table it touched was in its scope, so another transaction used ${names} without a lock.`],
    used.map(({ resource }) => ({ resource, from: 'others' })),
  );
}

interface Use {
  readonly resource: string;
  readonly mode: Mode;
}

function usesOf({ writes, appends, reads }: TablesWritten): readonly Use[] {
  const inMode =
    (mode: Mode) =>
    (resource: string): Use => ({ resource, mode });
  return [...writes.map(inMode('write')), ...appends.map(inMode('append')), ...reads.map(inMode('read'))];
}

function suffices(held: Mode | undefined, mode: Mode): boolean {
  return held !== undefined && covers(held, mode);
}

function heldAs(held: Mode | undefined): string {
  return held === undefined ? 'which is not in its scope' : `which is only in \`${fields[held]}\` of its scope`;
}
