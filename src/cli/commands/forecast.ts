import { type Command, InvalidArgumentError, Option } from 'commander';
import { GivewayError } from '../../lock/errors.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { durationBetween } from '../durations.ts';
import { exitCodes } from '../exit-codes.ts';
import { type History, readHistory } from '../history.ts';
import { type JournalFlags, withJournalFlag } from '../journal.ts';
import { type CommonFlags, openConfig, openConfigIfThere } from '../open.ts';
import { rulesOf } from '../outlook.ts';
import { playsProgressOf } from '../read-progress.ts';
import { refuseAlone } from '../refuse-alone.ts';
import { jsonLine, type Terminal } from '../terminal.ts';
import { newCommand, type Perform } from './grammar.ts';

interface Flags extends CommonFlags, JournalFlags {
  readonly days: number;
  readonly history?: number;
  readonly backtest?: number;
  readonly plays?: number;
  readonly seed: number;
  readonly hours?: true;
}

const dayMs = 86_400_000;
const usualHistoryMs = 14 * dayMs;

const examples = [
  [
    'giveway forecast',
    'which jobs will keep which others from their tables in the next seven days, and which other minutes would be better',
  ],
  ['giveway forecast --days 14 --hours', 'two weeks; jobs may also be moved to another hour'],
  ['giveway forecast --backtest 7d', 'how a forecast of the past days would have done'],
] as const;

export function forecastCommand(perform: Perform): Command {
  const command = newCommand('forecast', 'Plays the jobs of the config and the journal: skips, waits, and a better schedule.', examples)
    .addOption(new Option('--days <number>', 'how many days are forecast').argParser(wholeBetween(1, 60)).default(7).conflicts('backtest'))
    .addOption(
      new Option('--history <duration>', 'how far back the journal is read (default: 14d)')
        .argParser(durationBetween(dayMs, 365 * dayMs))
        .conflicts('backtest'),
    )
    .option(
      '--backtest <duration>',
      'forecasts the second half of so long a past, beside what happened',
      durationBetween(dayMs, 365 * dayMs),
    )
    .option('--plays <number>', 'how often it is played (default: 200, fewer where there are many fires)', wholeBetween(20, 10_000))
    .option('--seed <number>', 'of the luck in the plays: the same seed, the same answer', wholeBetween(0, 2 ** 31 - 1), 1)
    .addOption(new Option('--hours', 'jobs may also be moved to another hour').conflicts('backtest'));
  return withJournalFlag(command).action((flags: Flags) => perform((terminal) => run(terminal, flags)));
}

async function run(terminal: Terminal, flags: Flags): Promise<number> {
  const { history: historyMs = usualHistoryMs } = flags;
  if (!terminal.env.GIVEWAY_JOURNAL && flags.history !== undefined)
    refuseAlone('--history', shortly(flags.history), 'the journal that GIVEWAY_JOURNAL names');
  const config = await (terminal.env.GIVEWAY_JOURNAL ? openConfigIfThere : openConfig)(terminal, flags);
  const nowMs = Date.now();
  const historyFromMs = nowMs - (flags.backtest ?? historyMs);
  const history = await readHistory(terminal, flags, new Date(historyFromMs));
  if (history === undefined && (flags.backtest !== undefined || config.jobs === undefined)) throw nothingToPlay(flags);
  const { plays, seed } = flags;
  const onPlay = playsProgressOf(terminal, flags.json === true);
  const input = { jobs: config.jobs, rules: rulesOf(config), entries: history?.entries ?? [], historyFromMs, plays, seed, onPlay };
  const [{ backtest, beginningOf, fewestStarts, forecast }, words] = await Promise.all([
    import('../../forecast/index.ts'),
    import('../forecast-words.ts'),
  ]);
  const beganMs = beginningOf(input.entries);
  const notes = notesOn(history, nowMs - (beganMs ?? nowMs));
  if (flags.backtest !== undefined) {
    if (beganMs === undefined) throw nothingBehind(historyFromMs);
    const tested = backtest({ ...input, historyFromMs: Math.max(historyFromMs, beganMs), toMs: nowMs });
    if (tested.jobs.length === 0) throw nothingIn(`before ${new Date(tested.fromMs).toISOString()}`, fewestStarts);
    terminal.write(
      flags.json ? jsonLine(words.backtestJson(tested, nowMs, seed, notes)) : words.backtestInWords(tested, nowMs, notes, terminal.style),
    );
    return exitCodes.ok;
  }
  const span = { historyToMs: nowMs, fromMs: nowMs, toMs: nowMs + flags.days * dayMs };
  const result = forecast({ ...input, ...span }, flags.hours === true);
  if (result.outlook.jobs.length === 0)
    throw history === undefined ? nothingToPlay(flags) : nothingIn(`since ${new Date(historyFromMs).toISOString()}`, fewestStarts);
  const about = { ...span, plays: result.plays, seed };
  terminal.write(
    flags.json ? jsonLine(words.forecastJson(result, about, notes)) : words.forecastInWords(result, about, notes, terminal.style),
  );
  return exitCodes.ok;
}

function notesOn(history: History | undefined, knownMs: number): readonly string[] {
  if (history === undefined)
    return [
      'No journal is named (GIVEWAY_JOURNAL): nobody knows how long the jobs hold their tables, so this is little more than their times.',
    ];
  const young = `The journal tells of the last ${shortly(knownMs)} alone: what is learnt from less than a day is a guess.`;
  return history.isCut
    ? ['The journal holds more than was read: only the newest entries count.']
    : knownMs < dayMs && history.entries.length > 0
      ? [young]
      : [];
}

function nothingIn(time: string, fewestStarts: number): GivewayError {
  const known = `the journal tells of none ${time} that asked for its tables ${fewestStarts} times or more and had them`;
  return new GivewayError('ERR_GIVEWAY_NO_JOBS', `There are no jobs to play: ${known}, and the config describes none under \`jobs\``);
}

function nothingBehind(sinceMs: number): GivewayError {
  const message = `The journal tells of nothing since ${new Date(sinceMs).toISOString()}: there is no past to hold a forecast against`;
  return new GivewayError('ERR_GIVEWAY_NO_JOBS', message);
}

function nothingToPlay({ backtest }: Flags): GivewayError {
  const need = backtest === undefined ? 'Describe them under `jobs` in the config, or name' : 'Name';
  return new GivewayError(
    'ERR_GIVEWAY_NO_JOBS',
    `There are no jobs to play. ${need} the journal that they write: GIVEWAY_JOURNAL=postgres://user:password@host/database`,
  );
}

function wholeBetween(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is allowed.`);
  };
}
