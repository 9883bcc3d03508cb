import type { JobsReport, Quantiles } from '../observe/answers/report.ts';
import { shortly } from '../observe/answers/shortly.ts';
import { clock } from './skip-words.ts';
import { printable, printableName, table } from './terminal.ts';

export interface Told {
  readonly since: Date;
  readonly until: Date;
  /** What there was too much of to be read. */
  readonly isCut: readonly string[];
  readonly report: JobsReport;
}

const none = '-';
const job = (name: string | undefined): string => printableName(name || 'a job without a name');

export function reportInWords({ since, until, isCut, report }: Told): string {
  const { blocked, work, conflicts, starving, advice } = report;
  const sections = [
    `From ${clock(since)} to ${clock(until)}.${isCut.length > 0 ? ` ${cutInWords(isCut)}.` : ''}\n`,
    blocked.length === 0 ? nobodyBlocked(report) : table([blockedHead, ...blocked.map(blockedRow)]),
    work.length === 0 ? '' : table([workHead, ...work.map(workRow)]),
    conflicts.length === 0 ? '' : `Conflicts that still happened:\n${conflicts.map(conflictLine).join('')}`,
    starving.length === 0
      ? ''
      : `Starving:\n${starving.map((one) => `  ${job(one.job)}: ${one.skips} skips since ${clock(one.since)}\n`).join('')}`,
    advice.length === 0 ? '' : `Advice:\n${advice.map((sentence, index) => `  ${index + 1}. ${printable(sentence)}\n`).join('')}`,
  ];
  return sections.filter((section) => section !== '').join('\n');
}

/** Where nobody writes a journal nobody is seen to be blocked. */
function nobodyBlocked({ work, conflicts }: JobsReport): string {
  return work.length + conflicts.length > 0 ? 'Nobody was kept from anything.\n' : 'The journal tells of nothing in this time.\n';
}

/** Of what there was too much to be read. */
export function cutInWords(isCut: Told['isCut']): string {
  return `Of ${isCut.join(' and ')} there were more: the newest are counted`;
}

const blockedHead = ['BLOCKED', 'BY', 'TABLE', 'SKIPS', 'WAITS', 'LOST', 'SHARE'];

function blockedRow({ job: name, by, resource, skips, waits, lostMs, share }: JobsReport['blocked'][number]): readonly string[] {
  return [job(name), job(by), printableName(resource), String(skips), String(waits), shortly(lostMs), `${Math.round(100 * share)} %`];
}

const workHead = ['JOB', 'TABLE', 'HOLDS', 'SKIPS', 'HELD p50', 'p95', 'p99', 'WAITED p50', 'p95', 'p99'];

function workRow({ job: name, resource, holds, skips, holdMs, waitMs }: JobsReport['work'][number]): readonly string[] {
  return [job(name), printableName(resource), String(holds), String(skips), ...cells(holdMs), ...cells(waitMs)];
}

function cells(times: Quantiles | undefined): readonly string[] {
  return times === undefined ? [none, none, none] : [times.p50, times.p95, times.p99].map(shortly);
}

function conflictLine({ job: name, code, times: count, resources, missing }: JobsReport['conflicts'][number]): string {
  const lacks = missing.map((one) => `${job(one.job)} wrote to ${printableName(one.resource)} without the lock (${times(one.times)})`);
  const why =
    lacks.length > 0
      ? `${lacks.join(', ')}: add it to that scope`
      : 'nobody who writes a journal wrote there without the lock: somebody writes there without giveway';
  return `  ${job(name)}, ${printableName(code)}, ${times(count)}, with ${resources.map(printableName).join(', ')}: ${why}\n`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

const columns = ['kind', 'job', 'by', 'table', 'holds', 'skips', 'waits', 'lost_ms', 'share', 'held_p50_ms', 'held_p95_ms', 'held_p99_ms'];
const more = ['waited_p50_ms', 'waited_p95_ms', 'waited_p99_ms', 'code', 'times', 'text'];

/** One table for a spreadsheet: what a line is about stands in its first column. */
export function reportCsv({ report }: Told): string {
  const { blocked, work, conflicts, starving, advice } = report;
  const lines: readonly Readonly<Record<string, string | number | undefined>>[] = [
    ...blocked.map((one) => ({
      kind: 'blocked',
      job: one.job,
      by: one.by,
      table: one.resource,
      skips: one.skips,
      waits: one.waits,
      lost_ms: one.lostMs,
      share: one.share,
    })),
    ...work.map(({ holdMs, waitMs, ...one }) => ({
      kind: 'work',
      job: one.job,
      table: one.resource,
      holds: one.holds,
      skips: one.skips,
      held_p50_ms: holdMs?.p50,
      held_p95_ms: holdMs?.p95,
      held_p99_ms: holdMs?.p99,
      waited_p50_ms: waitMs?.p50,
      waited_p95_ms: waitMs?.p95,
      waited_p99_ms: waitMs?.p99,
    })),
    ...conflicts.map((one) => ({
      kind: 'conflict',
      job: one.job,
      table: one.resources.join(' '),
      code: one.code,
      times: one.times,
      text: one.missing.map((lack) => `${lack.job ?? ''}: ${lack.resource}`).join(', '),
    })),
    ...starving.map((one) => ({ kind: 'starving', job: one.job, by: one.by, skips: one.skips, text: one.since.toISOString() })),
    ...advice.map((text) => ({ kind: 'advice', text })),
  ];
  const all = [...columns, ...more];
  return [all.join(','), ...lines.map((line) => all.map((column) => field(line[column])).join(','))].map((line) => `${line}\r\n`).join('');
}

/** Quoted as RFC 4180 says. What a spreadsheet would take for a formula, in a name that somebody chose, gets a quote of its own before it. */
function field(value: string | number | undefined): string {
  if (value === undefined) return '';
  // Of milliseconds and shares a spreadsheet needs no more.
  if (typeof value === 'number') return String(Math.round(value * 1_000) / 1_000);
  const text = printable(value).replace(/^[=+\-@]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
