import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { LoadedConfig } from '../../config/index.ts';
import { ConfigError, GivewayError, InvalidOptionError } from '../../lock/errors.ts';
import { redactUrl } from '../../lock/redact.ts';
import { whyNotBeside } from '../beside.ts';
import { checkDatabaseUrl, databaseRemedy } from '../database-url.ts';
import { exitCodes, notWritten } from '../exit-codes.ts';
import { type JournalFlags, withJournalFlag } from '../journal.ts';
import type { TableMade } from '../make-tables.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { refuseAlone } from '../refuse-alone.ts';
import { say } from '../say.ts';
import { shellWord } from '../shell-word.ts';
import { storeToWrite } from '../store-to-write.ts';
import { type ConfigContents, jsonTemplate, moduleTemplate } from '../template.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, nonEmpty, type Perform } from './grammar.ts';

interface InitFlags extends CommonFlags, JournalFlags {
  readonly databaseUrl?: string;
  readonly file: string;
  readonly createTables?: true;
}

const extensions = ['.ts', '.mjs', '.js', '.json'];
const examples = [
  ['giveway init --store memcached://cache:11211', 'writes giveway.config.ts, to be filled in'],
  ['giveway init --database-url "$DATABASE_URL"', 'lists the tables of that database in it'],
  ['giveway init --database-url "$DATABASE_URL" --create-tables', 'and makes the tables for locks and journal there; safe to run again'],
  ['giveway init --file giveway.config.json', 'as JSON, which starts faster and has no comments'],
] as const;

export function initCommand(perform: Perform): Command {
  const command = newCommand('init', 'Writes a config, never over one; makes the tables for locks and journal.', examples)
    .option('--database-url <url>', 'a Postgres or Redshift database, whose tables are listed; the URL is not written', nonEmpty)
    .option('--create-tables', 'make the tables for locks and journal, where they are missing; a config that is there stays as it is')
    .option('--file <file>', 'where to', configFile, 'giveway.config.ts')
    .action((flags: InitFlags) => perform((terminal) => init(terminal, flags)));
  return withJournalFlag(command);
}

async function init(terminal: Terminal, flags: InitFlags): Promise<number> {
  const { file, databaseUrl, json, createTables } = flags;
  if (!createTables) refuseReading(flags);
  await storeToWrite(terminal, flags.store);
  if (databaseUrl !== undefined) checkDatabaseUrl(databaseUrl);
  const path = resolve(terminal.cwd, file);
  const named = createTables ? namedConfig(terminal, flags) : undefined;
  if (named === undefined && flags.config !== undefined)
    throw new InvalidOptionError('--config', flags.config, 'a file that is there is allowed; --file names one that is to be written');
  const there = named ?? configBeside(path);
  if (there !== undefined && !createTables) refuse(`${there} is there already${whyNotBeside(there, path)}; nothing is written`);
  if (there === undefined) refuseAlone('--env', flags.env, 'a config that is there: a new one has no `environments`');
  const { tables, isRedshift } = databaseUrl === undefined ? { tables: [], isRedshift: false } : await databaseAt(databaseUrl);
  // Redshift lists its tables, and can keep neither locks nor journal.
  const home = createTables && !isRedshift ? databaseUrl : undefined;
  const store = await storeToWrite(terminal, flags.store, home);
  const tell = (text: string): void => (json ? undefined : terminal.write(text));
  const config = there ?? path;
  if (there === undefined) {
    writeConfig(path, { store: store.written, tables });
    tell(`Wrote ${path}${databaseUrl === undefined ? '' : ` with ${tables.length} tables`}.${createTables ? '\n' : ' '}`);
  } else tell(`${there} is there already, and stays as it is.\n`);
  const storeToOpen = there === undefined && !terminal.env.GIVEWAY_STORE ? store.url : flags.store;
  const withConfig = { ...flags, config, ...(storeToOpen === undefined ? {} : { store: storeToOpen }) };
  const opened = createTables ? await openAt(terminal, withConfig, home) : undefined;
  const made = opened && (await makeTables(terminal, withConfig, opened.config, home));
  const isRefused = made?.some(({ state }) => state === 'forbidden') ?? false;
  if (json) terminal.write(jsonLine({ file: config, tables, ...(made && { wroteFile: there === undefined, made }) }));
  else {
    const { requestInWords, tablesInWords } = await import('../tables-in-words.ts');
    if (made !== undefined) tell(tablesInWords(made));
    const flag = config === join(terminal.cwd, `giveway.config${extname(config)}`) ? '' : ` --config ${shellWord(there ?? file)}`;
    if (isRefused) terminal.writeError(requestInWords(made ?? []));
    else tell(`Next: giveway check${flag}, giveway doctor${flag}.\n`);
  }
  if ((there === undefined || opened?.isAtHome) && store.remedy !== undefined)
    say(terminal, json === true, 'store-not-written', `${store.remedy}, and GIVEWAY_CONFIG=${shellWord(file)} too`);
  return isRefused ? exitCodes.cannotCreate : exitCodes.ok;
}

/** What says which config to read, where none is read. */
function refuseReading({ config, env, journalTable }: InitFlags): void {
  for (const [flag, value] of [
    ['--config', config],
    ['--env', env],
    ['--journal-table', journalTable],
  ] as const)
    refuseAlone(flag, value, '--create-tables');
}

function writeConfig(path: string, contents: ConfigContents): void {
  try {
    writeFileSync(path, extname(path) === '.json' ? jsonTemplate(contents) : moduleTemplate(contents), { flag: 'wx' });
  } catch (error) {
    refuse(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** The config that `--config` or the variable names, if it is there. */
function namedConfig({ cwd, env }: Terminal, { config = env.GIVEWAY_CONFIG }: CommonFlags): string | undefined {
  const path = config ? resolve(cwd, config) : undefined;
  return path !== undefined && existsSync(path) ? path : undefined;
}

function configBeside(path: string): string | undefined {
  const name = [basename(path), ...[...extensions, '.cjs'].map((extension) => `giveway.config${extension}`)].find((each) =>
    existsSync(join(dirname(path), each)),
  );
  return name === undefined ? undefined : join(dirname(path), name);
}

/** Where nothing names a store, as in a config that was written without its credentials, `home` is the store. */
async function openAt(
  terminal: Terminal,
  flags: InitFlags,
  home: string | undefined,
): Promise<{ config: LoadedConfig; isAtHome: boolean }> {
  try {
    return { config: await openConfig(terminal, flags), isAtHome: false };
  } catch (error) {
    const lacksStore = error instanceof ConfigError && error.problems.some(({ path }) => path === 'store');
    if (home === undefined || !lacksStore) throw error;
    return { config: await openConfig(terminal, { ...flags, store: home }), isAtHome: true };
  }
}

/** `home`: the database for what is named nowhere else. */
async function makeTables(
  terminal: Terminal,
  flags: InitFlags,
  config: LoadedConfig,
  home: string | undefined,
): Promise<readonly TableMade[]> {
  const { makeJournal, makeLockTable } = await import('../make-tables.ts');
  const locks = await makeLockTable(config);
  const journal = terminal.env.GIVEWAY_JOURNAL || home;
  return journal === undefined ? [locks] : [locks, await makeJournal(terminal, flags, journal)];
}

const privileges = ['select', 'insert', 'update', 'delete'];

/** All in it that can be written to: tables, partitioned and foreign ones, and materialised views. Quoted where the database would fold a name; giveway's own tables are left out. */
async function databaseAt(url: string): Promise<{ readonly tables: readonly string[]; readonly isRedshift: boolean }> {
  const { interview } = await import('../doctor/postgres.ts');
  const listed = interview(url, async ({ ask, askAll }) => ({
    isRedshift: /redshift/i.test(String((await ask('select version() as version')).version)),
    rows: await askAll(`select quote_ident(nspname) as schema, quote_ident(relname) as name
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p', 'm', 'f') and nspname <> 'information_schema' and substring(nspname from 1 for 3) <> 'pg_'
      and substring(relname from 1 for 8) <> 'giveway_' and (${privileges.map((name) => `has_table_privilege(pg_class.oid, '${name}')`).join(' or ')})
      order by 1, 2`),
  }));
  const { rows, isRedshift } = await listed.catch((error: Error) => {
    throw new Error(`--database-url: ${redactUrl(url)} did not tell its tables: ${error.message}. ${databaseRemedy}`, { cause: error });
  });
  return { isRedshift, tables: rows.map(({ schema, name }) => (schema === 'public' ? String(name) : `${schema}.${name}`)) };
}

function refuse(reason: string): never {
  throw new GivewayError(notWritten, reason);
}

function configFile(text: string): string {
  if (extensions.includes(extname(text))) return text;
  throw new InvalidArgumentError(`A name that ends in ${extensions.join(', ')} is allowed.`);
}
