import { createSqlReader, loadSqlParser, type SqlReaderOptions } from '../warehouse/sql/index.ts';
import { createCollector } from './evidence.ts';
import { createJobs } from './jobs.ts';
import { type Lacks, lacksOf } from './lacks.ts';
import { type FileRead, type ReadOptions, readLogs } from './log/read.ts';
import { type AskAll, type RedshiftRead, readRedshift } from './redshift.ts';
import { type Report, reportOn } from './report.ts';
import type { ConflictCase } from './transaction.ts';

/** What conflicts come to, and what is missing. */
export interface Advised {
  readonly report: Report;
  readonly lacks: Lacks;
}

/** Reads logs for conflicts. Rejects with `InvalidOptionError` for a file that is no log, or cannot be read. */
export async function adviseOnLogs(
  paths: readonly string[],
  options: Omit<ReadOptions, 'onConflict'>,
): Promise<Advised & { readonly files: readonly FileRead[] }> {
  const { read, report } = await collect({}, (onConflict) => readLogs(paths, { ...options, onConflict }));
  return { files: read, report, lacks: lacksOf(read) };
}

/** Reads Redshift's system tables for conflicts. Rejects as `askAll` does. */
export async function adviseOnRedshift(askAll: AskAll): Promise<Advised & { readonly read: RedshiftRead }> {
  const { read, report } = await collect({ dialect: 'redshift' }, (onConflict) => readRedshift(askAll, onConflict));
  const remarks = [
    'This way of reading Redshift is tested on tables of the same shape, and was never run on a Redshift.',
    ...read.tables.map(([name, conflicts]) => `Redshift names ${name} in ${conflicts} of them.`),
    ...(read.conflicts > 0 && read.statements === 0
      ? ['Of nobody a statement is seen: that takes a superuser, or SYSLOG ACCESS UNRESTRICTED.']
      : []),
  ];
  return { read, report, lacks: { remarks, settings: [] } };
}

async function collect<T>(
  names: SqlReaderOptions,
  readAll: (onConflict: (conflict: ConflictCase) => void) => Promise<T>,
): Promise<{ readonly read: T; readonly report: Report }> {
  await loadSqlParser();
  const jobs = createJobs(createSqlReader({ ...names, defaultSchema: 'public', cachedTexts: 0 }));
  const collector = createCollector(jobs);
  const read = await readAll(collector.add);
  return { read, report: reportOn(collector, jobs) };
}
