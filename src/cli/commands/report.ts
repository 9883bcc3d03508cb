import { type Command, Option } from 'commander';
import { GivewayError } from '../../lock/errors.ts';
import { reportOf } from '../../observe/answers/report.ts';
import { exitCodes } from '../exit-codes.ts';
import { type JournalFlags, openJournal, readJournal, withJournalFlag } from '../journal.ts';
import { checkSpan, type Moment, moment } from '../moments.ts';
import { materialOf } from '../report-material.ts';
import { cutInWords, reportCsv, reportInWords } from '../report-words.ts';
import { say } from '../say.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, type Perform } from './grammar.ts';

interface ReportFlags extends JournalFlags {
  readonly json?: true;
  readonly csv?: true;
  readonly since: Moment;
  readonly until?: Moment;
}

const examples = [
  ['GIVEWAY_JOURNAL=postgres://… giveway report', 'who kept whom from what in the last 24 hours, and what to change'],
  ['giveway report --since 7d --csv', 'a week, for a spreadsheet'],
] as const;

export function reportCommand(perform: Perform): Command {
  const command = newCommand(
    'report',
    'Shows who blocked whom, for how long, which conflicts still happened, and what to change.',
    examples,
    [],
  )
    .addOption(
      new Option('--since <time>', 'from then on: 24h for so long ago, or 02:00, or a date')
        .argParser(moment)
        .default(moment('24h'), '24h'),
    )
    .option('--until <time>', 'and before then (default: now)', moment)
    .addOption(new Option('--csv', 'answers as CSV').conflicts('json'))
    .action((flags: ReportFlags) => perform((terminal) => report(terminal, flags)));
  return withJournalFlag(command);
}

async function report(terminal: Terminal, flags: ReportFlags): Promise<number> {
  const nowMs = Date.now();
  const since = flags.since(nowMs);
  const until = flags.until?.(nowMs, since) ?? new Date(nowMs);
  checkSpan(since, until, nowMs);
  const open = await openJournal(terminal, flags);
  if (open === undefined)
    throw new GivewayError(
      'ERR_GIVEWAY_INVALID_OPTION',
      'GIVEWAY_JOURNAL is not set: a URL such as postgres://user:password@host/database is needed, of the journal that the workers write',
    );
  try {
    const { isCut, ...material } = await readJournal(open, (journal) => materialOf(journal, since, until));
    const told = { since, until, isCut, report: reportOf(material) };
    if (flags.json) terminal.write(jsonLine({ since, until, isCut, ...told.report }));
    else terminal.write(flags.csv ? reportCsv(told) : reportInWords(told));
    if (flags.csv && isCut.length > 0) say(terminal, false, 'cut', cutInWords(isCut));
    return exitCodes.ok;
  } finally {
    await open.close();
  }
}
