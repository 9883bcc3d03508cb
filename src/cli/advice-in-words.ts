import type { Lacks } from '../advise/lacks.ts';
import type { Report, ReportedPair } from '../advise/report.ts';
import { printable, table } from './terminal.ts';

// More would bury the first ones; --json has all.
const mostPairs = 15;
const mostStatements = 4;
const longestStatement = 110;

const kinds = [
  ['serialization', 'serialization failure', '40001'],
  ['deadlock', 'deadlock', '40P01'],
  ['cycle', 'transaction cycle', '1023'],
] as const;

/** What was found, who was in whose way, who should hold what, and what is not known. `source` says what was read. */
export function adviceInWords(source: string, report: Report, { remarks, settings }: Lacks, writtenTo: string | undefined): string {
  const lines = [source, ...(report.conflicts.all === 0 ? ['There is no conflict in it.'] : foundLines(report))];
  if (remarks.length > 0) lines.push('', 'What was read lacks something:', ...remarks.map((remark) => `  ${remark}`));
  if (settings.length > 0) lines.push('', 'In postgresql.conf, for the next time:', ...settings.map((setting) => `  ${setting}`));
  if (writtenTo !== undefined) lines.push('', `Wrote ${writtenTo}. Next: put each job into locker.run(scopes['…'], …), before its BEGIN.`);
  else if (report.jobs.length > 0) lines.push('', 'With --write giveway.config.ts these scopes become a config.');
  return `${lines.map(printable).join('\n')}\n`;
}

function foundLines({ conflicts, from, to, pairs, jobs, kept, unkept }: Report): readonly string[] {
  const span = from === to ? `at ${from}` : `from ${from} to ${to}`;
  const found = kinds.filter(([kind]) => conflicts[kind] > 0).map(([kind, words, code]) => `${counted(conflicts[kind], words)} (${code})`);
  const lines = [`${counted(conflicts.all, 'conflict')}${from === undefined ? '' : `, ${span}`}: ${found.join(', ')}.`];
  if (pairs.length > 0) lines.push('', ...table(pairRows(pairs)).trimEnd().split('\n'));
  if (pairs.length > mostPairs) lines.push(`… and ${pairs.length - mostPairs} more pairs; --json has all.`);
  if (jobs.length > 0) {
    lines.push('', `These scopes would have kept apart ${kept} of the ${conflicts.all}:`);
    for (const { name, statements, unread, scope } of jobs) {
      const held = (['writes', 'appends', 'reads'] as const).filter((mode) => scope[mode].length > 0);
      lines.push(`  ${name}`, ...held.map((mode) => `    ${mode} ${scope[mode].join(', ')}`));
      lines.push(...statements.slice(0, mostStatements).map((statement) => `      ${cut(statement)}`));
      lines.push(...unread.slice(0, mostStatements).map((statement) => `    and what nobody can tell from: ${cut(statement)}`));
    }
  }
  if (unkept.length > 0) {
    lines.push('', `${conflicts.all - kept} of the ${conflicts.all} they would not have kept from happening:`);
    lines.push(...unkept.map(({ conflicts: count, job, means }) => `  ${count}: ${job || 'an unknown job'}: ${means}`));
  }
  return lines;
}

function pairRows(pairs: readonly ReportedPair[]): readonly (readonly string[])[] {
  const rows = pairs
    .slice(0, mostPairs)
    .map(({ aborted, beside, conflicts, tables }) => [
      cut(aborted, 50),
      cut(beside, 50),
      String(conflicts),
      tables.map(({ table: name, aborted: its, beside: others }) => `${name} (${its}, ${others})`).join(', '),
    ]);
  return [['ABORTED', 'BESIDE', 'CONFLICTS', 'OVER'], ...rows];
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

function cut(text: string, most = longestStatement): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}
