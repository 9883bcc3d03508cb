import type { Command } from 'commander';
import { type JournalFlags, withJournalFlag } from '../journal.ts';
import { type LastSkips, lastSkips, skipsInWords, skipsJson } from '../last-skips.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { type Observer, observe, type Sight, sightJson } from '../sight.ts';
import { jsonLine, printable, type Terminal } from '../terminal.ts';
import { endInWords, holderInWords, hostInWords, placesInWords } from '../words.ts';
import { newCommand, type Perform } from './grammar.ts';

type WhyFlags = CommonFlags & JournalFlags;

/** What is known of one resource. */
interface Account {
  readonly sight: Sight;
  readonly last: LastSkips;
  readonly advice: readonly string[];
}

const examples = [
  ['giveway why events', 'who holds events, who is next, and what can be done'],
  ['GIVEWAY_JOURNAL=postgres://… giveway why events', 'and who was skipped, from the journal that the workers write'],
] as const;

export function whyCommand(perform: Perform): Command {
  const command = newCommand('why', 'Explains why a resource is busy or a job was skipped, and what to do about it.', examples)
    .argument('<resource>')
    .action((resource: string, flags: WhyFlags) => perform((terminal) => why(terminal, resource, flags)));
  return withJournalFlag(command);
}

async function why(terminal: Terminal, resource: string, flags: WhyFlags): Promise<number> {
  const observer = await observe(await openConfig(terminal, flags));
  try {
    const name = observer.nameOf(resource);
    const schemaName = observer.listedSchemaOf(name);
    const accountOf = (each: string): Promise<Account> => account(observer, each, () => lastSkips(terminal, flags, each));
    const [table, above] = await Promise.all([accountOf(name), schemaName === undefined ? undefined : accountOf(schemaName)]);
    const schema = above !== undefined && keepsTablesOut(above.sight) ? above : undefined;
    // What is in the way of a free table is its schema alone.
    const own = schema !== undefined && table.sight.state === 'free' ? { ...table, advice: [] } : table;
    if (flags.json) terminal.write(jsonLine({ ...accountJson(own), ...(schema && { schema: accountJson(schema) }) }));
    else terminal.write(explain(own, schema, Date.now()));
    return 0;
  } finally {
    await observer.close();
  }
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
  return { ...sightJson(sight), lastSkips: skipsJson(last), advice };
}

function explain(own: Account, schema: Account | undefined, nowMs: number): string {
  const ofSchema =
    schema === undefined
      ? []
      : [`Whoever takes ${printable(own.sight.resource)} takes its schema with it:`, ...linesOf(schema, nowMs), ...schema.advice];
  const lines = [...linesOf(own, nowMs), ...own.advice, ...ofSchema];
  return `${lines.join('\n')}\n`;
}

function linesOf({ sight: { resource, state, holders, waiting }, last }: Account, nowMs: number): readonly string[] {
  return [
    `${printable(resource)} is ${state}${placesInWords(holders)}.`,
    ...holders.map(
      (holder) => `  ${holder.minHold ? 'ended, kept:' : 'held by'} ${holderInWords(holder, nowMs)}; ends ${endInWords(holder, nowMs)}`,
    ),
    ...waiting.map(
      (waiter, index) => `  ${index === 0 ? 'next' : `place ${index + 1}`} in line: ${holderInWords(waiter, nowMs, 'waiting for')}`,
    ),
    ...skipsInWords(last, nowMs),
  ];
}

/** What can be done, one sentence each. */
function adviceFor({ resource, state, holders, waiting }: Sight, nowMs: number): readonly string[] {
  const name = /[\s"'$`\\*]/.test(resource) ? `'${resource.replaceAll("'", "'\\''")}'` : resource;
  const remove = `giveway unlock ${printable(name)}`;
  if (state === 'free') {
    return waiting.length > 0
      ? ['Nobody holds it; whoever waits will have it at the next look.']
      : [
          'Nobody holds it now: a job that was skipped for being busy met a holder that has let go since. A job that must not be skipped can wait: --wait, or onBusy: "retry".',
        ];
  }
  if (state === 'unreadable') {
    return [
      `A newer giveway, or somebody else, wrote this record: compare the versions of the workers, or another namespace. ${remove} removes it.`,
    ];
  }
  if (state === 'min-hold') return ['The work has ended; the resource stays closed for its minHoldMs, and opens by itself.'];
  const overdue = holders.some(({ latestEnd }) => latestEnd !== undefined && latestEnd < nowMs);
  const [first] = holders;
  return [
    overdue
      ? 'It is past its latest end, and will go away with its TTL.'
      : 'Wait: a holder that ends or dies frees it; a dead one within its TTL and 3 s.',
    ...(first === undefined ? [] : [`Is it stuck? See what pid ${first.pid} does on ${hostInWords(first.host)}, and end it there.`]),
    `Is its process gone, or ended by you? ${remove} removes the lock at once. A process that still runs would go on without it.`,
  ];
}
