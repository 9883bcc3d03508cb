import type { Encounter, InTheWay } from '../observe/answers/encounter.ts';
import { shortly } from '../observe/answers/shortly.ts';
import type { FireEntry, SkipEntry } from '../observe/index.ts';
import { type LastSkips, mostShown } from './last-skips.ts';
import { shownNames } from './sight.ts';
import { printable, printableName } from './terminal.ts';
import { jobInWords, placeInWords } from './words.ts';

export function skipsInWords(last: LastSkips, nowMs: number, heading = 'Last skips'): readonly string[] {
  if ('missing' in last) return [`${heading}: ${printable(last.missing.replace(/\.$/, ''))}.`];
  const { encounters, lostFires, moveByMinutes, isCut } = last;
  if (encounters.length + lostFires.length === 0) return [`${heading}: none in the journal.`];
  return [
    `${heading}:`,
    ...encounters.flatMap((encounter) => encounterInWords(encounter, nowMs)),
    ...lostFires.map((fire) => lostFireInWords(fire, nowMs)),
    ...(isCut ? [moreInWords(encounters.length)] : []),
    ...(moveByMinutes === undefined || encounters.length < 2
      ? []
      : [capital(`${moveInWords(moveByMinutes)}, all ${encounters.length} would have met nobody.`)]),
  ];
}

function moreInWords(shown: number): string {
  if (shown >= mostShown) return 'There were more: --until or --since can name a shorter time.';
  return `There were more: --last ${Math.min(mostShown, 2 * shown)} shows as many of them.`;
}

const reasons: Readonly<Record<SkipEntry['reason'], string>> = {
  busy: 'it was busy',
  'store-down': 'the store did not answer',
  closed: 'its process was ending',
  aborted: 'its own signal ended the wait',
};

/** First a line for those who know the table, then when, who else, and what would have let it run. */
function encounterInWords(encounter: Encounter, nowMs: number): readonly string[] {
  const { entry, askedAt, place, inTheWay } = encounter;
  const { job, host, pid } = entry;
  const [first] = inTheWay;
  const more = inTheWay.length > 1 ? ` and ${inTheWay.length - 1} more` : '';
  const holder =
    first === undefined ? '' : `, held by ${jobInWords(first.job)} (${first.mode}) ${placeInWords(first.host, first.pid)}${more}`;
  const asked = entry.kind === 'skip' ? askedAt : entry.at;
  const details = [
    `${clock(asked)}, wanted ${wantedInWords(encounter)}, place ${place} in line`,
    ...inTheWay.map(holdInWords),
    ...wouldHaveRun(encounter),
  ];
  return [
    `  ${agoInWords(entry.at, nowMs)}: ${jobInWords(job)} ${placeInWords(host, pid)}, ${outcomeInWords(encounter)}${holder}`,
    ...details.map((line) => `    ${line}`),
  ];
}

/** Hosts have clocks of their own. */
function agoInWords(at: Date, nowMs: number): string {
  const agoMs = nowMs - at.getTime();
  return agoMs > -1_000 ? `${shortly(Math.max(0, agoMs))} ago` : `in ${shortly(-agoMs)}, by the clock of its host`;
}

function lostFireInWords({ job, host, pid, at, slot }: FireEntry, nowMs: number): string {
  const which = slot === undefined ? 'a run by hand' : `its fire of ${clock(slot)}`;
  return `  ${agoInWords(at, nowMs)}: ${jobInWords(job)} ${placeInWords(host, pid)}, ${which} was skipped: ${reasons['store-down']}`;
}

function outcomeInWords({ entry, ran }: Encounter): string {
  if (entry.kind === 'skip') {
    const waited = entry.waitedMs >= 1_000 ? ` after ${shortly(entry.waitedMs)} of waiting` : '';
    return `was skipped${waited}: ${reasons[entry.reason] ?? printableName(entry.reason)}`;
  }
  return ran === undefined ? 'began to wait: it was busy' : `ran after ${shortly(ran.waitedMs)} of waiting: it was busy`;
}

function wantedInWords({ entry }: Encounter): string {
  const scope = entry.kind === 'skip' ? entry.scope : undefined;
  if (scope === undefined) return printableName(entry.resource);
  const listed = (['writes', 'appends', 'reads'] as const).filter((field) => scope[field].length > 0);
  const wanted = listed.map((field) => `${scope[field].map(printableName).join(', ')} (${field.slice(0, -1)})`).join(', ');
  return scope.writes.length + scope.appends.length + scope.reads.length > 1
    ? `${wanted}; ${printableName(entry.resource)} was busy`
    : wanted;
}

function holdInWords({ job, mode, host, state, since, hold, gaveUpAt }: InTheWay): string {
  const who = `${state === 'waiting' ? 'ahead in line' : 'in the way'}: ${jobInWords(job)} (${mode}) on ${printableName(host || 'an unknown host')}`;
  if (hold?.to !== undefined) {
    const from = state === 'waiting' ? hold.from : since;
    return `${who}, from ${clock(from)} to ${clock(hold.to)}, ${shortly(hold.to.getTime() - from.getTime())} in all`;
  }
  if (gaveUpAt !== undefined) return `${who}, since ${clock(since)}; it gave up at ${clock(gaveUpAt)}`;
  const end =
    hold === undefined ? 'how long is not in the journal' : hold.outcome === 'ongoing' ? 'it still holds it' : 'nobody told how it ended';
  return `${who}, since ${clock(since)}; ${end}`;
}

function wouldHaveRun({ entry, enoughMs, moves: [move] }: Encounter): readonly string[] {
  if (entry.kind === 'skip' && entry.reason !== 'busy') return [];
  return [
    ...(enoughMs === undefined ? [] : [`a wait of ${rounded(enoughMs)} would have been enough`]),
    ...(move === undefined ? [] : [`${moveInWords(move)} it meets nobody`]),
  ];
}

/** Upwards: so long it would have had to wait. */
function rounded(ms: number): string {
  return shortly(ms < 1_000 ? Math.ceil(ms) : Math.ceil(ms / 1_000) * 1_000);
}

function moveInWords(minutes: number): string {
  const many = Math.abs(minutes);
  const length = `${many} minute${many === 1 ? '' : 's'}`;
  return minutes < 0 ? `moved ${length} earlier` : `moved by ${length}`;
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** On this machine's clock, as it was there and then. */
export function clock(at: Date): string {
  const pad = (value: number): string => String(value).padStart(2, '0');
  const date = [at.getFullYear(), pad(at.getMonth() + 1), pad(at.getDate())].join('-');
  return `${date} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(':')}`;
}

/** `null`: they are not known. */
export function skipsJson(last: LastSkips, kind: Encounter['entry']['kind']): readonly object[] | null {
  if ('missing' in last) return null;
  return last.encounters.filter(({ entry }) => entry.kind === kind).map(encounterJson);
}

/** `null`: they are not known. */
export function lostFiresJson(last: LastSkips): readonly object[] | null {
  if ('missing' in last) return null;
  return last.lostFires.map(({ at, slot, host, pid }) => ({ at, slot: slot ?? null, host: printableName(host), pid }));
}

function encounterJson({ entry, askedAt, ran, place, inTheWay, enoughMs, moves: [move] }: Encounter): object {
  return {
    ...entry,
    ...shownNames(entry),
    askedAt,
    ...(ran === undefined ? {} : { waitedMs: ran.waitedMs, ranAt: ran.from }),
    place,
    holders: inTheWay.map(({ hold, gaveUpAt, ...holder }) => ({
      ...holder,
      ...shownNames(holder),
      endedAt: hold?.to ?? null,
      heldMs: hold?.to === undefined ? null : hold.to.getTime() - hold.from.getTime(),
      gaveUpAt: gaveUpAt ?? null,
    })),
    enoughMs: enoughMs ?? null,
    moveByMinutes: move ?? null,
  };
}
