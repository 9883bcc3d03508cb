import type { Report } from '../advise/report.ts';
import { keyOf, moduleTemplate, quoted } from './template.ts';

// A comment is to remind of the job, not to repeat it.
const longestComment = 120;

/** A config that lists the tables of a report, with the scope of each job beside it. */
export function scopesTemplate({ jobs, conflicts, kept }: Report, store: string | undefined): string {
  const lists = (['writes', 'appends', 'reads'] as const).map(
    (mode) => [mode, (names: readonly string[]) => names.map(quoted).join(', ')] as const,
  );
  const entries = jobs.map(({ name, statements, scope }) => {
    const fields = lists.filter(([mode]) => scope[mode].length > 0).map(([mode, list]) => `${mode}: [${list(scope[mode])}]`);
    return `${commentOf(statements[0])}  ${keyOf(name)}: { ${fields.join(', ')} },\n`;
  });
  const tables = [...new Set(jobs.flatMap(({ scope: { writes, appends, reads } }) => [...writes, ...appends, ...reads]))].sort();
  const scopes = `/**
 * What each job should hold, as \`giveway advise\` read it from ${conflicts.all} conflicts, of which this would have kept apart ${kept}:
 * \`locker.run(scopes['…'], work)\`, with the lock taken before BEGIN. Call the jobs what you like.
 */
export const scopes = {
${entries.join('')}};
`;
  return moduleTemplate({ store, tables }, scopes);
}

function commentOf(statement: string | undefined): string {
  if (statement === undefined) return '';
  const line = statement.replace(/[^ -~]/g, '?');
  return `  // ${line.length > longestComment ? `${line.slice(0, longestComment)} …` : line}\n`;
}
