/** Reads a log and prints what was in it. */
import { adviseOnLogs } from '../../src/advise/sources.ts';

const { files, report } = await adviseOnLogs(process.argv.slice(2), {});
process.stdout.write(JSON.stringify({ entries: files.reduce((sum, { entries }) => sum + entries, 0), conflicts: report.conflicts.all }));
