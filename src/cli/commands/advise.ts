import { existsSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { Lacks } from '../../advise/lacks.ts';
import type { FileRead } from '../../advise/log/read.ts';
import type { Report } from '../../advise/report.ts';
import { GivewayError, InvalidOptionError } from '../../lock/errors.ts';
import { redactUrl } from '../../lock/redact.ts';
import { adviceInWords } from '../advice-in-words.ts';
import { whyNotBeside } from '../beside.ts';
import { compileParserOnce } from '../compile-once.ts';
import { checkDatabaseUrl, databaseRemedy } from '../database-url.ts';
import { exitCodes, notWritten } from '../exit-codes.ts';
import type { CommonFlags } from '../open.ts';
import { progressOf } from '../read-progress.ts';
import { refuseAlone } from '../refuse-alone.ts';
import { say } from '../say.ts';
import { storeToWrite } from '../store-to-write.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, nonEmpty, type Perform } from './grammar.ts';

interface AdviseFlags extends CommonFlags {
  readonly log?: readonly string[];
  readonly logLinePrefix?: string;
  readonly databaseUrl?: string;
  readonly write?: string;
}

/** What was read, and what it comes to. */
interface Findings {
  readonly source: string;
  /** For JSON. */
  readonly details: object;
  readonly lacks: Lacks;
  readonly report: Report;
}

const extensions = ['.ts', '.mjs', '.js'];
const examples = [
  ['giveway advise --log /var/log/postgresql/*.csv', 'who was in whose way, and what each should hold'],
  ["giveway advise --log server.log.gz --log-line-prefix '%m [%p] %e %q%u@%d %a '", 'a plain log, whose lines begin so'],
  ['giveway advise --log server.json --write giveway.config.ts', 'and writes a config with the scopes in it'],
] as const;

export function adviseCommand(perform: Perform): Command {
  const summary = "Reads a database's log for conflicts, and says which locks would have kept them from happening.";
  return newCommand('advise', summary, examples, ['store'])
    .option('--log <files...>', 'PostgreSQL logs: csvlog, jsonlog or stderr, also gzipped')
    .option('--log-line-prefix <prefix>', "the server's own, for stderr logs; else found out", nonEmpty)
    .option('--database-url <url>', 'a Redshift, whose system tables know of its conflicts; not yet tried on one', nonEmpty)
    .option('--write <file>', 'a config with the tables and scopes in it; never overwrites one', moduleFile)
    .action((flags: AdviseFlags) => perform((terminal) => advise(terminal, flags)));
}

async function advise(terminal: Terminal, flags: AdviseFlags): Promise<number> {
  const { write, json, store: named } = flags;
  const path = write === undefined ? undefined : resolve(terminal.cwd, write);
  const there = path === undefined ? undefined : configThere(path);
  if (path === undefined) refuseAlone('--store', named, '--write, whose config it stands in');
  else if (there !== undefined) refuse(`${there} is there already${whyNotBeside(there, path)}`);
  else if (!existsSync(dirname(path))) refuse(`${path} cannot be written: there is no ${dirname(path)}`);
  const store = await storeToWrite(terminal, named);
  compileParserOnce();
  const { source, details, lacks, report } = await findingsIn(terminal, flags);
  let written: string | undefined;
  if (path !== undefined && report.jobs.length > 0) {
    const { scopesTemplate } = await import('../scopes-template.ts');
    try {
      writeFileSync(path, scopesTemplate(report, store.written), { flag: 'wx' });
      written = path;
    } catch (error) {
      refuse(`${path} cannot be written: ${(error as Error).message}`);
    }
  }
  if (json) terminal.write(jsonLine({ ...report, ...details, ...lacks, ...(written !== undefined && { written }) }));
  else terminal.write(adviceInWords(source, report, lacks, written));
  if (path !== undefined && written === undefined)
    say(terminal, json === true, 'nothing-written', 'there is nothing to advise, so no config was written');
  if (written !== undefined && store.remedy !== undefined) say(terminal, json === true, 'store-not-written', store.remedy);
  return exitCodes.ok;
}

async function findingsIn(terminal: Terminal, flags: AdviseFlags): Promise<Findings> {
  const { log, databaseUrl } = flags;
  if (log !== undefined && databaseUrl === undefined) return findingsInLogs(terminal, log, flags);
  if (log === undefined && databaseUrl !== undefined) {
    checkDatabaseUrl(databaseUrl);
    refuseAlone('--log-line-prefix', flags.logLinePrefix, '--log');
    return findingsInRedshift(databaseUrl);
  }
  const given = log === undefined ? 'nothing to read' : 'both a log and a database';
  throw new GivewayError(
    'ERR_GIVEWAY_INVALID_OPTION',
    `advise was given ${given}: --log with log files of PostgreSQL, or --database-url with a Redshift`,
  );
}

async function findingsInLogs(terminal: Terminal, paths: readonly string[], { logLinePrefix, json }: AdviseFlags): Promise<Findings> {
  if (paths.includes('')) throw new InvalidOptionError('--log', '', 'the name of a file is allowed');
  const url = paths.find((path) => /^[a-z][\w+.-]*:\/\//i.test(path));
  if (url !== undefined) throw new InvalidOptionError('--log', redactUrl(url), 'a file is allowed; a Redshift is named by --database-url');
  const { adviseOnLogs } = await import('../../advise/sources.ts');
  const onProgress = progressOf(terminal, json === true);
  const files = [...new Set(paths.map((path) => resolve(terminal.cwd, path)))];
  const { files: read, ...found } = await adviseOnLogs(files, { linePrefix: logLinePrefix, onProgress });
  const entries = read.reduce((sum, file) => sum + file.entries, 0);
  const formats = [...new Set(read.map(({ format }) => format))].join(', ');
  const source = `${entries} entries in ${files.length === 1 ? 'one log' : `${files.length} logs`} (${formats}).`;
  return { source, details: { files: read.map(fileJson) }, ...found };
}

// Its system tables are slow, and a join of them is slower.
const redshiftAnswersWithinMs = 300_000;

async function findingsInRedshift(url: string): Promise<Findings> {
  const [{ adviseOnRedshift }, { interview }] = await Promise.all([import('../../advise/sources.ts'), import('../doctor/postgres.ts')]);
  const asked = interview(url, ({ askAll }) => adviseOnRedshift(askAll), redshiftAnswersWithinMs);
  const { read, ...found } = await asked.catch((error: Error) => {
    const hint = /stl_tr_conflict/.test(error.message)
      ? '; it is no Redshift, it seems: of PostgreSQL the log is read, with --log'
      : `. ${databaseRemedy}`;
    throw new Error(`--database-url: ${redactUrl(url)} did not tell its conflicts: ${error.message}${hint}`, { cause: error });
  });
  return { source: `${read.statements} statements in the system tables of ${redactUrl(url)}.`, details: { redshift: read }, ...found };
}

function fileJson({ path, format, prefix, entries, statements, conflicts, strangeLines, isCut }: FileRead): object {
  return { path, format, ...(prefix !== undefined && { prefix }), entries, statements, conflicts, strangeLines, isCut };
}

/** Of two that a search would find the first wins, so the second would not be read. */
function configThere(path: string): string | undefined {
  const isSearchedFor = basename(path).startsWith('giveway.config.');
  const others = [...extensions, '.cjs', '.json'].map((extension) => join(dirname(path), `giveway.config${extension}`));
  return [path, ...(isSearchedFor ? others : [])].find((each) => existsSync(each));
}

function refuse(reason: string): never {
  throw new GivewayError(notWritten, `${reason}; nothing is written`);
}

function moduleFile(text: string): string {
  if (extensions.includes(extname(text))) return text;
  throw new InvalidArgumentError(`A name that ends in ${extensions.join(', ')} is allowed: scopes are code.`);
}
