import type { Entrant, Waiting } from '../lock/record/record.ts';
import { shortly } from '../observe/answers/shortly.ts';
import type { Sight } from './sight.ts';
import { printableName, type Terminal, table } from './terminal.ts';
import { endInWords, placesInWords } from './words.ts';

const heading = ['RESOURCE', 'STATE', 'MODE', 'JOB', 'HOST', 'PID', 'AGE', 'ENDS'];
const colors = { free: 'green', held: 'yellow', 'min-hold': 'cyan', waiting: 'cyan', unreadable: 'red', unknown: 'red' } as const;

/** A line for each resource, one for each further holder, and one for who waits. */
export function statusTable(sights: readonly Sight[], nowMs: number, style: Terminal['style']): string {
  const rows = sights.flatMap((sight) => rowsOf(sight, nowMs));
  const [first = '', ...lines] = table([heading, ...rows]).split('\n');
  const colored = lines.map((line, index) => {
    const state = rows[index]?.[1] as keyof typeof colors | undefined;
    return state === undefined ? line : line.replace(` ${state}`, () => ` ${style(colors[state], state)}`);
  });
  return [style('bold', first), ...colored].join('\n');
}

function rowsOf({ resource, state, holders, waiting }: Sight, nowMs: number): readonly (readonly string[])[] {
  const name = printableName(resource);
  const places = placesInWords(holders);
  const held = holders.map((holder) => [
    name,
    holder.minHold ? 'min-hold' : 'held',
    ...cellsOf(holder, places, nowMs),
    endInWords(holder, nowMs),
  ]);
  const line = waiting.map((waiter, index) => [name, 'waiting', ...cellsOf(waiter, '', nowMs), `place ${index + 1} in line`]);
  return [...(held.length > 0 ? held : [[name, state]]), ...line];
}

function cellsOf({ mode, job, host, pid, since }: Entrant | Waiting, places: string, nowMs: number): readonly string[] {
  return [mode + places, printableName(job || '-'), printableName(host || '-'), String(pid), shortly(Math.max(0, nowMs - since))];
}
