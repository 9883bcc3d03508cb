import { firePrefix } from '../../lock/plan/names.ts';
import { type EntryKind, type JournalQuery, kindsOf } from './journal.ts';

/** A statement and what goes into it. */
export interface Question {
  readonly text: string;
  readonly values: unknown[];
}

const isFire = `starts_with(resource, '${firePrefix}')`;
/** By this name a schedule notes what it means in a record of its own. The previous version wrote that down as a hold. */
const isNote = "coalesce(job like 'schedule ____________: %', false)";
/** Where the work does not run under it. The previous version gave the job of that a name of its own. */
const isTaken = "outcome = 'taken' or coalesce(job like '% (fire)', false)";
const isOver = "outcome = 'ongoing' and latest_end < clock_timestamp()";

/** What a row is. The kinds that the previous version does not know are written as what it does no harm with. */
const rowsOfKind: Readonly<Record<EntryKind, string>> = {
  hold: `kind = 'hold' and outcome <> 'kept' and not ${isFire}`,
  skip: `kind = 'skip' and not ${isFire}`,
  wait: `kind = 'wait' and outcome <> 'late-lock' and not ${isFire}`,
  conflict: "kind = 'conflict'",
  'late-lock': "kind = 'wait' and outcome = 'late-lock'",
  fire: `kind in ('hold', 'skip') and ${isFire} and not ${isNote}`,
};

/** A query in SQL: only of what is asked for, so that an index fits. `table` is checked already. The newest `limit` and one more. */
export function questionOf(table: string, query: JournalQuery, limit: number): Question {
  const { since, until, begunSince, resource, job, kind, outcome } = query;
  const values: unknown[] = [];
  const given = (value: unknown): string => `$${values.push(value)}`;
  const kinds = kindsOf(kind);
  const last = kinds.some((each) => each === 'hold' || each === 'fire');
  let outcomeGiven: string | undefined;
  const came = (each: EntryKind): readonly string[] =>
    outcome === undefined ? [] : cameTo(each, outcome, () => (outcomeGiven ??= given(outcome)));
  const conditions = [
    kinds.map((each) => `(${[rowsOfKind[each], ...came(each)].join(' and ')})`).join(' or '),
    ...(since === undefined ? [] : [wentOn(last, given(since))]),
    ...(begunSince === undefined ? [] : [`started_at >= ${given(begunSince)}`]),
    ...(until === undefined ? [] : [`started_at < ${given(until)}`]),
    ...(resource === undefined ? [] : [`resource = ${given(resource)}`]),
    ...(job === undefined ? [] : [`job = ${given(job)}`]),
  ];
  const text = `select kind, resource, job, host, pid, started_at, nullif(ended_at, 'infinity') as ended_at,
      latest_end < clock_timestamp() as is_over, outcome, waited_ms, details
    from ${table} where ${conditions.map((condition) => `(${condition})`).join(' and ')}
    order by started_at desc, id desc limit ${given(limit + 1)}`;
  return { text, values };
}

/** What is no hold is over at once, and an index by its beginning finds it. */
function wentOn(last: boolean, since: string): string {
  return last ? `ended_at >= ${since} and (ended_at < 'infinity' or latest_end >= ${since})` : `started_at >= ${since}`;
}

/** `given` is the outcome as a parameter, which must be used where it is made. */
function cameTo(kind: EntryKind, outcome: string, given: () => string): readonly string[] {
  if (kind === 'wait' || kind === 'late-lock') return ['false'];
  if (kind === 'hold' && outcome === 'unknown') return [`(outcome = ${given()} or ${isOver})`];
  if (kind === 'hold' && outcome === 'ongoing') return [`outcome = ${given()} and not (${isOver})`];
  if (kind !== 'fire') return [`outcome = ${given()}`];
  if (outcome === 'ran') return [`kind = 'hold' and not (${isTaken})`];
  if (outcome === 'taken') return [`kind = 'hold' and (${isTaken})`];
  if (outcome === 'elsewhere') return ["kind = 'skip' and outcome = 'busy'"];
  return outcome === 'busy' ? ['false'] : [`kind = 'skip' and outcome = ${given()}`];
}
