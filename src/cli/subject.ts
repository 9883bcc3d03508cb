import { GivewayError, UnknownResourceError } from '../lock/errors.ts';
import { askFor, nearestNames } from '../lock/nearest.ts';
import type { Past } from './past.ts';
import type { Observer } from './sight.ts';

const noneIsLikeIt = 'none is like it';

/** What somebody asks about. */
export type Subject = { readonly resource: string } | { readonly job: string };

/**
 * A table, if it is listed, or if nobody knows a job of that name. `described` are the jobs of the config. Rejects with a
 * `GivewayError` of the code of `UnknownResourceError`, which names what is near, jobs included, `InvalidOptionError`, or, where it may be a job that only the journal
 * knows, with why that could not be asked.
 */
export async function subjectOf(observer: Observer, past: Past, wanted: string, described: readonly string[]): Promise<Subject> {
  const table = named(observer, wanted);
  if (typeof table === 'string' && observer.isListed(table)) return { resource: table };
  const known = await past.ask((journal) => journal.jobs());
  const jobs = [...('missing' in known ? [] : known), ...described];
  if (jobs.includes(wanted)) return { job: wanted };
  if (typeof table === 'string') return { resource: table };
  if (!(table instanceof UnknownResourceError)) throw table;
  const unknown = new UnknownResourceError(wanted, nearestNames(wanted, [...new Set([...(await observer.resources()), ...jobs])]));
  if (!('missing' in known)) {
    const text = `"${unknown.resource}" is neither a listed table nor a job that journal or config know; ${askFor(unknown.nearest) || noneIsLikeIt}`;
    throw new GivewayError(unknown.code, text, { cause: unknown });
  }
  const hint = `Whether it is a job cannot be told: ${known.missing}`;
  throw new GivewayError(known.code ?? unknown.code, `${unknown.message} ${hint}`, { cause: unknown });
}

/** Of a job that is asked for as one, whatever tables there are. Rejects with a `GivewayError`. */
export async function jobOf(past: Past, wanted: string, described: readonly string[]): Promise<Subject> {
  const known = await past.ask((journal) => journal.jobs());
  const jobs = [...('missing' in known ? [] : known), ...described];
  if ('missing' in known || jobs.includes(wanted)) return { job: wanted };
  const hint = askFor(nearestNames(wanted, jobs)) || noneIsLikeIt;
  throw new GivewayError('ERR_GIVEWAY_UNKNOWN_JOB', `Neither journal nor config knows a job "${wanted}"; ${hint}`);
}

function named(observer: Observer, wanted: string): string | Error {
  try {
    return observer.nameOf(wanted);
  } catch (error) {
    return error as Error;
  }
}
