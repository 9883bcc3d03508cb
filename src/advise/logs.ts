import { createSqlReader, loadSqlParser } from '../warehouse/sql/index.ts';
import { createCollector } from './evidence.ts';
import { createJobs } from './jobs.ts';
import { type Lacks, lacksOf } from './lacks.ts';
import { type FileRead, type ReadOptions, readLogs } from './log/read.ts';
import { type Report, reportOn } from './report.ts';

/** Reads logs for conflicts. Rejects with `InvalidOptionError` for a file that is no log, or cannot be read. */
export async function adviseOnLogs(
  paths: readonly string[],
  options: Omit<ReadOptions, 'onConflict'>,
): Promise<{ readonly files: readonly FileRead[]; readonly report: Report; readonly lacks: Lacks }> {
  await loadSqlParser();
  const jobs = createJobs(createSqlReader({ defaultSchema: 'public', cachedTexts: 0 }));
  const collector = createCollector(jobs);
  const files = await readLogs(paths, { ...options, onConflict: collector.add });
  return { files, report: reportOn(collector, jobs), lacks: lacksOf(files) };
}
