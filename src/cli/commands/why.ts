import type { Command } from 'commander';
import { type JournalFlags, withJournalFlag } from '../journal.ts';
import { type LastSkips, lastSkips, skipsInWords } from '../last-skips.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import { observe, type Sight, sightJson } from '../sight.ts';
import { printable, type Terminal } from '../terminal.ts';
import { endInWords, holderInWords } from '../words.ts';
import { newCommand, type Perform } from './grammar.ts';

type WhyFlags = CommonFlags & JournalFlags;

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
    const [sight, last] = await Promise.all([observer.look(name), lastSkips(terminal, flags, name)]);
    const advice = adviceFor(sight, Date.now());
    if (flags.json) terminal.write(`${JSON.stringify({ ...sightJson(sight), lastSkips: 'skips' in last ? last.skips : null, advice })}\n`);
    else terminal.write(explain(sight, last, advice, Date.now()));
    return 0;
  } finally {
    await observer.close();
  }
}

function explain({ resource, state, holders, waiting }: Sight, last: LastSkips, advice: readonly string[], nowMs: number): string {
  const lines = [
    `${printable(resource)} is ${state}.`,
    ...holders.map(
      (holder) => `  ${holder.minHold ? 'ended, kept:' : 'held by'} ${holderInWords(holder, nowMs)}; ends ${endInWords(holder, nowMs)}`,
    ),
    ...waiting.map((waiter) => `  next in line: ${holderInWords(waiter, nowMs).replace(', for ', ', waiting for ')}`),
    ...skipsInWords(last, nowMs),
    ...advice,
  ];
  return `${lines.join('\n')}\n`;
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
    ...(first === undefined ? [] : [`Is it stuck? See what pid ${first.pid} does on ${printable(first.host)}, and end it there.`]),
    `Is its process gone, or ended by you? ${remove} removes the lock at once. A process that still runs would go on without it.`,
  ];
}
