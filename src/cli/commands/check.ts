import type { Command } from 'commander';
import type { LoadedConfig } from '../../config/index.ts';
import type { ResolvedOptions, RunOptions } from '../../lock/options.ts';
import { nameRules } from '../../lock/plan/names.ts';
import { resolveOptions } from '../../lock/plan/options.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { type ChangedName, changedNames } from '../changed-names.ts';
import { type CommonFlags, openConfig, openNames } from '../open.ts';
import { jsonLine, printable, type Terminal, table } from '../terminal.ts';
import { newCommand, type Perform } from './grammar.ts';
import { runDefaults } from './run.ts';

const examples = [
  ['giveway check', 'says what is wrong with the config, or what is in force'],
  ['giveway check --env production --json', 'the same of the block "production", for a program'],
] as const;

export function checkCommand(perform: Perform): Command {
  return newCommand('check', 'Checks the config and shows the settings in force. Connects to nothing.', examples).action(
    (flags: CommonFlags) => perform((terminal) => check(terminal, flags)),
  );
}

async function check(terminal: Terminal, flags: CommonFlags): Promise<number> {
  const config = await openConfig(terminal, flags);
  const { defaultSchema, database, dialect } = config;
  const changed = changedNames(await openNames(terminal, flags), nameRules({ defaultSchema, database, dialect }));
  if (flags.json) terminal.write(jsonLine({ ...summaryOf(config), changedNames: changed }));
  else terminal.write(inWords(config, terminal.style) + changedInWords(changed));
  return 0;
}

/** Everything in force, defaults included. JSON has no Infinity: it is written as a text, as in a config file. */
function summaryOf(config: LoadedConfig): object {
  const { source, envName, store, namespace = 'giveway', environment, allowUnlisted = false, resources } = config;
  const { defaultSchema = 'public', database, dialect = 'postgres', host, maxWaiters, nesting } = config;
  const listed = Object.keys(resources ?? {}).sort();
  return {
    source,
    envName,
    store: store.label,
    namespace,
    environment,
    defaultSchema,
    database,
    dialect,
    host,
    maxWaiters,
    nesting,
    allowUnlisted: resources === undefined || allowUnlisted,
    resources: Object.fromEntries(listed.map((name) => [name, settingsOf(config, name)])),
    others: settingsOf(config, undefined),
  };
}

/** What counts for one table, or for any other; `weak` as in `ResourceLocker.run`. */
function optionsOf(
  { source: _, envName: __, store: ___, jobs: ____, resources = {}, ...defaults }: LoadedConfig,
  name: string | undefined,
  weak?: RunOptions,
): ResolvedOptions {
  const table = name === undefined ? undefined : resources[name];
  return resolveOptions(undefined, table === undefined ? [] : [table], defaults, weak);
}

function settingsOf(config: LoadedConfig, name: string | undefined): object {
  const { ttlMs, maxHoldMs, minHoldMs, retry, onBusy, onStoreDown } = optionsOf(config, name);
  const run = optionsOf(config, name, runDefaults);
  const inGivewayRun = { maxHoldMs: run.maxHoldMs, onStoreDown: run.onStoreDown };
  const limits = name === undefined ? undefined : config.resources?.[name]?.limits;
  const settings = { ttlMs, maxHoldMs, minHoldMs, onBusy, onStoreDown, retry, limits, inGivewayRun };
  return JSON.parse(JSON.stringify(settings, (_key, value) => (value === Number.POSITIVE_INFINITY ? 'Infinity' : value)));
}

function inWords(config: LoadedConfig, style: Terminal['style']): string {
  const { source, envName, store, namespace = 'giveway', environment, host, resources, allowUnlisted } = config;
  const head = table([
    ['config', source ?? 'none: variables and flags only'],
    ['environments', envName ?? 'no block applied'],
    ['store', store.label],
    ['keys', [namespace, environment, '…'].filter((part) => part !== undefined).join(':')],
    ...(host === undefined ? [] : [['host', printable(host)]]),
    ['unlisted names', resources === undefined || allowUnlisted ? 'allowed' : 'refused'],
  ]);
  const names = Object.keys(resources ?? {}).sort();
  const rows = [...names, ...(resources === undefined || allowUnlisted ? [undefined] : [])].map((name) => rowOf(config, name));
  const heading = ['RESOURCE', 'TTL', 'MAX HOLD', 'MIN HOLD', 'ON BUSY', 'WAITS', 'STORE DOWN', 'LIMITS'];
  const [first = '', ...lines] = table([heading, ...rows]).split('\n');
  const isStarred = (column: string): boolean => rows.some((cells) => cells[heading.indexOf(column)]?.endsWith(unset));
  return `${head}\n${[style('bold', first), ...lines].join('\n')}${defaultsInWords(isStarred('MAX HOLD'), isStarred('STORE DOWN'))}`;
}

/** Marks a default that is another elsewhere. */
const unset = '*';
const runsFor = shortly(runDefaults.maxHoldMs);

function defaultsInWords(ofHold: boolean, ofStoreDown: boolean): string {
  if (!ofHold && !ofStoreDown) return '';
  const hold = `max hold ${runsFor}`;
  const others = `@Locked and BullMQ processors: ${hold}.`;
  const both = `giveway run: ${hold}, store down exit. Schedules, ${others}`;
  const words = ofHold && ofStoreDown ? both : ofHold ? `giveway run, schedules, ${others}` : 'giveway run: store down exit.';
  return `\n${unset} where nothing is set. ${words}\n`;
}

function changedInWords(changed: readonly ChangedName[]): string {
  if (changed.length === 0) return '';
  const rows = changed.map(({ written, before, now }) => [`  ${printable(written)}`, printable(before), printable(now)]);
  return `\nWarning: giveway 0.1.0 reads these names otherwise. While it runs beside this version, each is two locks.\n${table([['  WRITTEN', '0.1.0', 'NOW'], ...rows])}`;
}

function rowOf(config: LoadedConfig, name: string | undefined): string[] {
  const { ttlMs, maxHoldMs, minHoldMs, retry, onBusy, onStoreDown } = optionsOf(config, name);
  const run = optionsOf(config, name, runDefaults);
  const span = (ms: number): string => (Number.isFinite(ms) ? shortly(ms) : 'no limit');
  const hold = `${span(maxHoldMs)}${run.maxHoldMs === maxHoldMs ? '' : unset}`;
  const down = `${onStoreDown}${run.onStoreDown === onStoreDown ? '' : unset}`;
  return [
    printable(name ?? '(any other)'),
    span(ttlMs),
    hold,
    span(minHoldMs),
    onBusy,
    span(retry.maxWaitMs),
    down,
    limitsOf(config, name),
  ];
}

/** `4 appends, 2 reads` */
function limitsOf({ resources = {} }: LoadedConfig, name: string | undefined): string {
  const limits = Object.entries((name === undefined ? undefined : resources[name]?.limits) ?? {});
  return limits.map(([mode, limit]) => `${limit} ${mode}`).join(', ');
}
