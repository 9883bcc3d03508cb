import { checkTimezone, neverFires, readCron } from '../forecast/cron.ts';
import { type ConfigProblem, GivewayError, InvalidOptionError } from '../lock/errors.ts';
import { allowedNames } from '../lock/nearest.ts';
import type { LockScope } from '../lock/options.ts';
import { normalizeName, requireListed } from '../lock/plan/names.ts';
import { resolveScope } from '../lock/plan/scope.ts';
import { find, type Layer, layerAt } from './layers.ts';
import { normalTables, rulesOf } from './naming.ts';
import { problemAt } from './problems.ts';

/**
 * What is wrong with the jobs of the first layer, as the layers together have it: an expression that is none, a table that nobody
 * listed, a job to come after that is not there. What the schema refuses is passed over here.
 */
export function findJobProblems(layers: readonly Layer[]): readonly ConfigProblem[] {
  const [top] = layers;
  if (top === undefined) return [];
  const jobs: Layer['fields'] = Object.assign({}, ...[...layers].reverse().map(({ fields }) => layerAt([], fields.jobs).fields));
  const names = Object.keys(jobs);
  const checkTables = tableCheck(layers);
  return Object.entries(layerAt([], top.fields.jobs).fields).flatMap(([name, job]) => {
    const { path, fields } = layerAt([...top.path, 'jobs', name], job);
    const { cron, timezone, after, writes, appends, reads } = fields;
    const problem = (field: string, check: () => void): readonly ConfigProblem[] => problemOf([...path, field], check);
    return [
      ...(isText(cron) ? problem('cron', () => checkCron(cron)) : []),
      ...(isText(timezone) ? problem('timezone', () => checkTimezone(timezone)) : []),
      ...(isText(after) && !names.includes(after)
        ? [
            noSuchJob(
              [...path, 'after'],
              after,
              names.filter((other) => other !== name),
            ),
          ]
        : circleProblem([...path, 'after'], circleAt(name, jobs))),
      ...problemOf(path, () => checkTables({ writes, appends, reads } as LockScope)),
    ];
  });
}

function noSuchJob(path: readonly PropertyKey[], after: string, others: readonly string[]): ConfigProblem {
  const instead = others.length === 0 ? ', and no other one' : allowedNames(after, others);
  return problemAt(path, `received ${JSON.stringify(after)}; there is no such job${instead}`);
}

/** Throws `InvalidOptionError`. */
function checkCron(cron: string): void {
  if (neverFires(readCron(cron))) throw new InvalidOptionError('cron', cron, 'there is no such day; an expression that fires is allowed');
}

/** The way from a job back to itself, by what each comes after; empty: there is none. */
function circleAt(name: string, jobs: Layer['fields']): readonly string[] {
  const way = new Set<string>();
  for (let at: unknown = name; isText(at) && !way.has(at); at = layerAt([], jobs[at]).fields.after) {
    way.add(at);
    if (layerAt([], jobs[at]).fields.after === name) return [...way, name];
  }
  return [];
}

function circleProblem(path: readonly PropertyKey[], circle: readonly string[]): readonly ConfigProblem[] {
  const way = circle.map((name) => JSON.stringify(name)).join(' after ');
  return circle.length === 0 ? [] : [problemAt(path, `received ${JSON.stringify(circle[1])}; no job can come after itself: ${way}`)];
}

/** Throws for what no job may name. */
function tableCheck(layers: readonly Layer[]): (scope: LockScope) => void {
  const rules = rulesOf(layers);
  const listed = new Set(layers.flatMap((layer) => normalTables(layer, rules)).map(({ normal }) => normal));
  const isList = ({ fields: { resources } }: Layer): boolean => typeof resources === 'object' && resources !== null;
  const mayBeAny = !layers.some(isList) || find(layers, 'allowUnlisted')?.value === true;
  return (scope) => {
    const { writes, appends, reads } = resolveScope(scope, (name, path) => normalizeName(name, rules, path));
    if (!mayBeAny) for (const name of [...writes, ...appends, ...reads]) requireListed(name, listed);
  };
}

function problemOf(path: readonly PropertyKey[], check: () => void): readonly ConfigProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof GivewayError)) throw error;
    return [problemAt(path, error instanceof InvalidOptionError ? withoutField(error) : error.message)];
  }
}

/** The path says already which field it is. */
function withoutField({ message }: InvalidOptionError): string {
  return message.replace(/^(?:cron|timezone): /, '');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
