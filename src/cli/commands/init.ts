import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { redactUrl } from '../../config/redact.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import { checkDatabaseUrl } from '../database-url.ts';
import { exitCodes } from '../exit-codes.ts';
import type { CommonFlags } from '../open.ts';
import { jsonTemplate, moduleTemplate } from '../template.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, nonEmpty, type Perform } from './grammar.ts';

interface InitFlags extends CommonFlags {
  readonly databaseUrl?: string;
  readonly file: string;
}

const extensions = ['.ts', '.mjs', '.js', '.json'];
const examples = [
  ['giveway init --store memcached://cache:11211', 'writes giveway.config.ts, to be filled in'],
  ['giveway init --database-url "$DATABASE_URL"', 'lists the tables of that database in it'],
  ['giveway init --file giveway.config.json', 'as JSON, which starts faster and has no comments'],
] as const;

export function initCommand(perform: Perform): Command {
  return newCommand('init', 'Writes a config. Never overwrites one.', examples)
    .option('--database-url <url>', 'a Postgres or Redshift database, whose tables are listed; the URL is not written', nonEmpty)
    .option('--file <file>', 'where to', configFile, 'giveway.config.ts')
    .action((flags: InitFlags) => perform((terminal) => init(terminal, flags)));
}

async function init(terminal: Terminal, { file, store, databaseUrl, json }: InitFlags): Promise<number> {
  if (store !== undefined) await refuseWrongStore(store);
  const path = resolve(terminal.cwd, file);
  const there = [basename(path), ...[...extensions, '.cjs'].map((extension) => `giveway.config${extension}`)].find((name) =>
    existsSync(join(dirname(path), name)),
  );
  if (there !== undefined) return refuse(terminal, `${join(dirname(path), there)} is there already; nothing is written`);
  if (databaseUrl !== undefined) checkDatabaseUrl(databaseUrl);
  const tables = databaseUrl === undefined ? [] : await tablesOf(databaseUrl);
  const holdsSecret = store !== undefined && redactUrl(store) !== store;
  const contents = { store: holdsSecret ? undefined : (store ?? 'memcached://localhost:11211'), tables };
  try {
    writeFileSync(path, extname(path) === '.json' ? jsonTemplate(contents) : moduleTemplate(contents), { flag: 'wx' });
  } catch (error) {
    return refuse(terminal, `${path} cannot be written: ${(error as Error).message}`);
  }
  if (json) terminal.write(jsonLine({ file: path, tables }));
  else {
    const named = path === join(terminal.cwd, `giveway.config${extname(path)}`) ? '' : ` --config ${shellWord(file)}`;
    const withTables = databaseUrl === undefined ? '' : ` with ${tables.length} tables`;
    terminal.write(`Wrote ${path}${withTables}. Next: giveway check${named}, giveway doctor${named}.\n`);
  }
  if (holdsSecret)
    terminal.writeError(
      `giveway: the store URL holds credentials and was not written; set it in GIVEWAY_STORE, and GIVEWAY_CONFIG=${shellWord(file)} beside it\n`,
    );
  return exitCodes.ok;
}

async function refuseWrongStore(store: string): Promise<void> {
  const { storeSettingProblem } = await import('../../config/store-setting.ts');
  const problem = storeSettingProblem(store);
  if (problem !== undefined) throw new InvalidOptionError('--store', redactUrl(store), problem);
}

const privileges = ['select', 'insert', 'update', 'delete'];

/** All that can be written to: tables, partitioned and foreign ones, and materialised views. Quoted where the database would fold a name; giveway's own tables are left out. */
async function tablesOf(url: string): Promise<readonly string[]> {
  const { interview } = await import('../doctor/postgres.ts');
  const listed = interview(url, ({ askAll }) =>
    askAll(`select quote_ident(nspname) as schema, quote_ident(relname) as name
      from pg_class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind in ('r', 'p', 'm', 'f') and nspname <> 'information_schema' and substring(nspname from 1 for 3) <> 'pg_'
      and substring(relname from 1 for 8) <> 'giveway_' and (${privileges.map((name) => `has_table_privilege(pg_class.oid, '${name}')`).join(' or ')})
      order by 1, 2`),
  );
  const rows = await listed.catch((error: Error) => {
    throw new Error(`--database-url: ${redactUrl(url)} did not tell its tables: ${error.message}`);
  });
  return rows.map(({ schema, name }) => (schema === 'public' ? String(name) : `${schema}.${name}`));
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function refuse(terminal: Terminal, reason: string): number {
  terminal.writeError(`giveway: ${reason}\n`);
  return exitCodes.cannotCreate;
}

function configFile(text: string): string {
  if (extensions.includes(extname(text))) return text;
  throw new InvalidArgumentError(`A name that ends in ${extensions.join(', ')} is allowed.`);
}
