import type { Command } from 'commander';
import { adviceFor } from '../advice.ts';
import { type JournalFlags, withJournalFlag } from '../journal.ts';
import { type LastSkips, lastSkips, mostShown, type Question } from '../last-skips.ts';
import { checkSpan, type Moment, moment } from '../moments.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { openPast, type Past } from '../past.ts';
import { type Observer, observe, type Sight, sightJson } from '../sight.ts';
import { clock, lostFiresJson, skipsInWords, skipsJson } from '../skip-words.ts';
import { jobOf, subjectOf } from '../subject.ts';
import { jsonLine, printable, printableName, type Terminal } from '../terminal.ts';
import { endInWords, holderInWords, placesInWords } from '../words.ts';
import { countUpTo, newCommand, type Perform } from './grammar.ts';

interface WhyFlags extends CommonFlags, JournalFlags {
  readonly job?: true;
  readonly since?: Moment;
  readonly until?: Moment;
  readonly last?: number;
}

/** What is known of one resource. */
interface Account {
  readonly sight: Sight;
  readonly last: LastSkips;
  readonly advice: readonly string[];
}

/** The time that is asked about. */
interface Window extends Omit<Question, 'about'> {
  /** What the lines of the past stand under. */
  readonly heading: string;
}

const examples = [
  ['giveway why events', 'who holds events, who is next, and what can be done'],
  ['GIVEWAY_JOURNAL=postgres://… giveway why events', 'and who was skipped, from the journal that the workers write'],
  ['giveway why nightly-dedupe --since 02:00 --until 04:00', 'what a job met last night, and what would have let it run'],
] as const;

/** As many as fit below what is known of now; of a time that was asked for, a screen. */
const shown = { now: 5, window: 20 };

export function whyCommand(perform: Perform): Command {
  const command = newCommand('why', 'Explains why a resource is busy or a job was skipped, and what to do about it.', examples)
    .argument('<resource>', 'a table, or a job of the config or the journal')
    .option('--job', 'the name is a job, though a table is called the same')
    .option('--since <time>', 'what happened from then on: 02:00, "2026-11-28 02:00", or 24h for so long ago', moment)
    .option('--until <time>', 'and before then', moment)
    .option(
      '--last <number>',
      `so many skips and waits at most, the newest (default: ${shown.now}; ${shown.window} of a job or a time)`,
      countUpTo(mostShown),
    )
    .action((name: string, flags: WhyFlags) => perform((terminal) => why(terminal, name, flags)));
  return withJournalFlag(command);
}

async function why(terminal: Terminal, wanted: string, flags: WhyFlags): Promise<number> {
  const nowMs = Date.now();
  const since = flags.since?.(nowMs);
  const until = flags.until?.(nowMs, since);
  checkSpan(since, until, nowMs);
  const past = await openPast(terminal, flags);
  const config = await openConfig(terminal, flags);
  const described = Object.keys(config.jobs ?? {});
  const observer = await observe(config);
  try {
    const subject = await (flags.job ? jobOf(past, wanted, described) : subjectOf(observer, past, wanted, described));
    const text =
      'job' in subject
        ? await whyJob(subject.job, windowOf(since, until, flags.last, true), past, flags)
        : await whyTable(subject.resource, windowOf(since, until, flags.last, false), past, observer, flags);
    terminal.write(text);
    return 0;
  } finally {
    await Promise.all([observer.close(), past.close()]);
  }
}

async function whyJob(job: string, { heading, ...window }: Window, past: Past, { json }: WhyFlags): Promise<string> {
  const last = await past.ask((journal) => lastSkips(journal, { about: { job }, ...window }));
  if (!json) return `${skipsInWords(last, Date.now(), `${printableName(job)}: ${heading}`).join('\n')}\n`;
  const known = 'missing' in last ? { missing: last.missing } : { isCut: last.isCut, moveByMinutes: last.moveByMinutes ?? null };
  const told = { lastSkips: skipsJson(last, 'skip'), lastWaits: skipsJson(last, 'wait'), lostFires: lostFiresJson(last) };
  return jsonLine({ job: printableName(job), ...told, ...known });
}

async function whyTable(name: string, window: Window, past: Past, observer: Observer, { json }: WhyFlags): Promise<string> {
  const schemaName = observer.listedSchemaOf(name);
  const { heading, ...asked } = window;
  const skips = (resource: string): Promise<LastSkips> => past.ask((journal) => lastSkips(journal, { about: { resource }, ...asked }));
  const accountOf = (each: string): Promise<Account> => account(observer, each, () => skips(each));
  const [table, above] = await Promise.all([accountOf(name), schemaName === undefined ? undefined : accountOf(schemaName)]);
  const schema = above !== undefined && keepsTablesOut(above.sight) ? above : undefined;
  // What is in the way of a free table is its schema alone.
  const own = schema !== undefined && table.sight.state === 'free' ? { ...table, advice: [] } : table;
  if (json) return jsonLine({ ...accountJson(own), ...(schema && { schema: accountJson(schema) }) });
  return explain(own, schema, heading, Date.now());
}

function windowOf(from: Date | undefined, to: Date | undefined, last: number | undefined, isJob: boolean): Window {
  const isAsked = isJob || from !== undefined || to !== undefined;
  const time = [...(from === undefined ? [] : [`from ${clock(from)}`]), ...(to === undefined ? [] : [`until ${clock(to)}`])].join(' ');
  const heading = time === '' ? 'Last skips' : `Skips and waits ${time}`;
  return { since: from, until: to, last: last ?? (isAsked ? shown.window : shown.now), heading: isJob ? heading.toLowerCase() : heading };
}

async function account(observer: Observer, name: string, skips: () => Promise<LastSkips>): Promise<Account> {
  const [sight, last] = await Promise.all([observer.look(name), skips()]);
  return { sight, last, advice: adviceFor(sight, Date.now()) };
}

/** Tables append to their schema, so they go together with each other there, and with nobody else. */
function keepsTablesOut({ state, holders, waiting }: Sight): boolean {
  return state === 'unreadable' || [...holders, ...waiting].some(({ mode }) => mode !== 'append');
}

function accountJson({ sight, last, advice }: Account): object {
  const known = 'missing' in last ? { missing: last.missing } : { isCut: last.isCut };
  return { ...sightJson(sight), lastSkips: skipsJson(last, 'skip'), lastWaits: skipsJson(last, 'wait'), ...known, advice };
}

function explain(own: Account, schema: Account | undefined, heading: string, nowMs: number): string {
  const ofSchema =
    schema === undefined
      ? []
      : [`Whoever takes ${printable(own.sight.resource)} takes its schema with it:`, ...linesOf(schema, heading, nowMs), ...schema.advice];
  const lines = [...linesOf(own, heading, nowMs), ...own.advice, ...ofSchema];
  return `${lines.join('\n')}\n`;
}

function linesOf({ sight: { resource, state, holders, waiting }, last }: Account, heading: string, nowMs: number): readonly string[] {
  return [
    `${printable(resource)} is ${state}${placesInWords(holders)}.`,
    ...holders.map(
      (holder) => `  ${holder.minHold ? 'ended, kept:' : 'held by'} ${holderInWords(holder, nowMs)}; ends ${endInWords(holder, nowMs)}`,
    ),
    ...waiting.map(
      (waiter, index) => `  ${index === 0 ? 'next' : `place ${index + 1}`} in line: ${holderInWords(waiter, nowMs, 'waiting for')}`,
    ),
    ...skipsInWords(last, nowMs, heading),
  ];
}
