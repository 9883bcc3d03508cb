import { shellWord } from './shell-word.ts';
import type { Sight } from './sight.ts';
import { printable } from './terminal.ts';
import { hostInWords } from './words.ts';

/** What can be done, one sentence each. */
export function adviceFor({ resource, state, holders, waiting }: Sight, nowMs: number): readonly string[] {
  const remove = `giveway unlock ${printable(shellWord(resource))}`;
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
