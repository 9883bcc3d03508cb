import type * as z from 'zod/mini';
import { ConfigError, type ConfigProblem } from '../lock/errors.ts';
import { didYouMean } from '../lock/nearest.ts';
import { findContradictions } from './contradictions.ts';
import { isDisabled } from './disabled.ts';
import { findJobProblems } from './jobs.ts';
import { layerAt } from './layers.ts';
import { mergeSettings } from './merge.ts';
import { describeIssues, problemAt } from './problems.ts';
import { environmentSchema, fieldsAt, fileSchema } from './schema.ts';
import type { EnvironmentSettings, GivewayConfig, MergedSettings } from './types.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** Everything that decides, the weakest first: the file, its block for the environment, the variables, the caller. */
export interface ConfigInputs {
  /** What the file holds; `undefined` when there is none. */
  readonly file: unknown;
  /** Names the block of `environments`; wins over `GIVEWAY_ENV` and `NODE_ENV`. */
  readonly envName: string | undefined;
  readonly variables: Variables;
  readonly overrides: EnvironmentSettings | undefined;
}

/** What to lock with, free of contradictions. */
export interface ResolvedConfig extends MergedSettings {
  /** The block of `environments` that was applied. */
  readonly envName: string | undefined;
  /** `GIVEWAY_DISABLED` is set. */
  readonly isDisabled: boolean;
}

/** The config in force, or a `ConfigError` with everything that is wrong. Pure: reads neither files nor `process`. */
export function resolveConfig(source: string, { file = {}, envName, variables, overrides = {} }: ConfigInputs): ResolvedConfig {
  const inFile = parse<GivewayConfig>(fileSchema, file, []);
  const inVariables = parseVariables(variables);
  const inCall = parse<EnvironmentSettings>(environmentSchema, overrides, ['overrides']);
  const base = layerAt([], file);
  const blocks = Object.entries(layerAt([], base.fields.environments).fields).map(([name, block]) => ({
    name,
    ...layerAt(['environments', name], block),
  }));
  const chosen = chooseBlock(blocks, envName, variables);
  const disabled = parseDisabled(variables.GIVEWAY_DISABLED);
  const layers = [layerAt(['overrides'], overrides), ...(chosen.value === undefined ? [] : [chosen.value]), base];

  const problems = firstAtEachPath([
    ...[inFile, inVariables, inCall, chosen, disabled].flatMap((part) => part.problems),
    ...(disabled.value || variables.GIVEWAY_STORE || layers.some(({ fields }) => fields.store !== undefined) || isNone(file)
      ? []
      : [missingStore]),
    ...[[base], ...blocks.map((block) => [block, base]), layers].flatMap((each) => [...findContradictions(each), ...findJobProblems(each)]),
  ]);
  if (problems.length > 0) throw new ConfigError(source, problems);

  const { $schema: _, environments = {}, ...settings } = inFile.value;
  const name = chosen.value?.name;
  const block = name === undefined ? {} : (environments[name] ?? {});
  return { ...mergeSettings([settings, block, inVariables.value, inCall.value]), envName: name, isDisabled: disabled.value };
}

/** What holds no fields at all is told of as a whole. */
function isNone(file: unknown): boolean {
  return typeof file !== 'object' || Array.isArray(file);
}

const missingStore = problemAt(['store'], 'missing; give a URL such as memcached://localhost:11211 here, or set GIVEWAY_STORE');

interface Parsed<T> {
  /** To be used only when there are no problems. */
  readonly value: T;
  readonly problems: readonly ConfigProblem[];
}

function parse<T>(schema: z.ZodMiniType, input: unknown, at: readonly string[]): Parsed<T> {
  const { data, error } = schema.safeParse(input);
  return { value: data as T, problems: describeIssues(error?.issues ?? [], input, at, fieldsAt) };
}

/** An empty variable counts as none: that is how compose files and shells pass on what is not set. */
function parseVariables({ GIVEWAY_STORE, GIVEWAY_NAMESPACE, GIVEWAY_ENVIRONMENT, GIVEWAY_HOST }: Variables): Parsed<EnvironmentSettings> {
  const input = {
    store: GIVEWAY_STORE || undefined,
    namespace: GIVEWAY_NAMESPACE || undefined,
    environment: GIVEWAY_ENVIRONMENT || undefined,
    host: GIVEWAY_HOST || undefined,
  };
  const { value, problems } = parse<EnvironmentSettings>(environmentSchema, input, []);
  return { value, problems: problems.map(({ path, message }) => ({ path: `GIVEWAY_${path.toUpperCase()}`, message })) };
}

function parseDisabled(text = ''): Parsed<boolean> {
  const isKnown = /^(?:|0|1|true|false)$/i.test(text);
  const problems = isKnown ? [] : [problemAt(['GIVEWAY_DISABLED'], `received ${JSON.stringify(text)}; 1, true, 0 or false is allowed`)];
  return { value: isDisabled(text), problems };
}

/** `NODE_ENV` is set for other reasons too and need not name a block; a name meant for us must. */
function chooseBlock<T extends { readonly name: string }>(
  blocks: readonly T[],
  envName: string | undefined,
  variables: Variables,
): Parsed<T | undefined> {
  const [from, name] =
    envName === undefined
      ? variables.GIVEWAY_ENV
        ? ['GIVEWAY_ENV', variables.GIVEWAY_ENV]
        : ['NODE_ENV', variables.NODE_ENV]
      : ['envName', envName];
  const value = blocks.find((block) => block.name === name);
  // A variable is set for all programs of an environment; whoever names a block in a call means one of this config.
  const mayBeNone = from === 'NODE_ENV' || (from === 'GIVEWAY_ENV' && blocks.length === 0);
  if (value !== undefined || mayBeNone) return { value, problems: [] };
  const names = blocks.map((block) => block.name);
  const there = names.length === 0 ? 'there are no `environments` to choose from' : `\`environments\` has ${names.join(', ')}`;
  const meant = didYouMean(name ?? '', names);
  return {
    value,
    problems: [problemAt([from], `received ${JSON.stringify(name)}; ${there}${meant && `; ${meant}`}`)],
  };
}

function firstAtEachPath(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path }) => seen.size < seen.add(path).size);
}
