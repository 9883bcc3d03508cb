import type { FileRead } from './log/read.ts';

/** What a log does not tell, in sentences, and the lines of postgresql.conf that would have it told. */
export interface Lacks {
  readonly remarks: readonly string[];
  readonly settings: readonly string[];
}

const wanted = {
  statements: "log_statement = 'all'",
  prefix: "log_line_prefix = '%m [%p] %v %e %q%u@%d %a '",
  errors: "log_min_error_statement = 'error'",
} as const;

/** Looks at what was read for what is missing in it. */
export function lacksOf(files: readonly FileRead[]): Lacks {
  const sum = (field: 'statements' | 'queries' | 'begins' | 'applications' | 'withoutStatements'): number =>
    files.reduce((total, file) => total + file[field], 0);
  const missing = (field: 'state' | 'application' | 'vxid' | 'time'): boolean =>
    files.some(({ format, fields }) => format === 'stderr' && !fields.has(field) && !(field === 'time' && fields.has('epoch')));
  const remarks: string[] = files.flatMap(remarksOnFile);
  const settings = new Set<string>();
  const lack = (isLacking: boolean, setting: string, remark: string): void => {
    if (!isLacking) return;
    remarks.push(remark);
    settings.add(setting);
  };
  const hasEntries = files.some(({ entries }) => entries > 0);
  const hasStatements = sum('statements') > 0;
  lack(hasEntries && !hasStatements, wanted.statements, 'It has no statements, so nobody can tell what ran beside what.');
  lack(
    hasStatements && sum('queries') === 0,
    wanted.statements,
    'It has no SELECT, so what the jobs read is not known, and `reads` are missing below.',
  );
  lack(missing('state'), wanted.prefix, 'Its lines have no SQLSTATE (%e): conflicts are known by their words, in English alone.');
  lack(missing('time'), wanted.prefix, 'Its lines have no time (%m), so nobody can tell what ran beside what.');
  lack(missing('application'), wanted.prefix, 'Its lines have no application_name (%a): jobs are told apart by their statements alone.');
  lack(
    missing('vxid') && sum('begins') === 0 && hasStatements,
    wanted.prefix,
    'It has neither BEGIN nor transaction ids (%v): each statement counts as a transaction.',
  );
  const without = sum('withoutStatements');
  lack(without > 0, wanted.errors, `Of ${without} aborted transactions it has no statement.`);
  if (hasStatements && !missing('application') && sum('applications') === 0)
    remarks.push('No session has an application_name: set one per job, and advice names it.');
  return { remarks, settings: [...settings] };
}

function remarksOnFile({ path, format, isCut, strangeLines, entries }: FileRead): readonly string[] {
  if (format === 'empty')
    return [isCut ? `${path} ends in the middle of what was zipped, before anything could be read.` : `${path} is empty.`];
  return [
    ...(isCut ? [`${path} ends in the middle of what was zipped; what came before was read.`] : []),
    ...(strangeLines > 0
      ? [
          `${strangeLines === 1 ? 'One line' : `${strangeLines} lines`} of ${path}, beside ${entries} entries, ${strangeLines === 1 ? 'is none of a log; it was' : 'are none of a log; they were'} left out.`,
        ]
      : []),
  ];
}
