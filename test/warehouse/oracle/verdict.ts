import { createSqlReader, loadSqlParser, type SqlReader } from '../../../src/warehouse/sql/index.ts';
import type { Locked } from './locks.ts';
import { identifiersIn } from './names-in.ts';
import type { Heard } from './session.ts';

type Statement = Heard & { readonly file: string };

interface Score {
  statements: number;
  writing: number;
  unclear: number;
  right: number;
  missed: number;
  extra: number;
}

const tables = new Set(['r', 'p', 'm', 'f']);
const weak = new Set(['AccessShareLock', 'RowShareLock']);
// They lock what they would write and write nothing: the reader says that they touch nothing, which is counted apart.
const runsNothing = /^\s*(?:explain(?!.*\banaly[sz]e\b)|prepare)\b/is;

/** Prints the table, by words alone and with the parser. */
export async function judgeAll(statements: readonly Statement[], showsWrong: boolean): Promise<void> {
  const rows = [['', 'statements', 'writing', 'cannot tell', 'share', 'right', 'missed', 'extra', 'precision', 'recall']];
  const share = (part: number, whole: number): string => (part / whole).toFixed(5);
  const add = (how: string, reader: SqlReader): void => {
    const show = (line: string): void => (showsWrong ? console.log(`${how}: ${line}`) : undefined);
    const [run, planned] = [false, true].map((isPlanned) => statements.filter(({ sql }) => runsNothing.test(sql) === isPlanned));
    for (const [name, part] of [[how, run] as const, ['only planned', planned] as const]) {
      const { statements: all, writing, unclear, right, missed, extra } = judge(part ?? [], reader, show);
      const figures = [all, writing, unclear, share(unclear, writing), right, missed, extra, share(right, right + extra)];
      rows.push([name, ...figures, share(right, right + missed)].map(String));
    }
  };
  add('by words', createSqlReader());
  if (await loadSqlParser()) add('with the parser', createSqlReader());
  for (const row of rows) console.log(row.map((cell, column) => cell.padStart(column === 0 ? 16 : 12)).join(''));
}

function judge(statements: readonly Statement[], reader: SqlReader, show: (line: string) => void): Score {
  const score: Score = { statements: statements.length, writing: 0, unclear: 0, right: 0, missed: 0, extra: 0 };
  for (const { file, sql, locked, unseen, hasSkipped } of statements) {
    const named = identifiersIn(sql);
    const written = locked.filter((one) => isTable(one) && isNamed(one, named) && one.modes.some((mode) => !weak.has(mode)));
    const answer = reader.tablesWritten(sql);
    if (written.length > 0) score.writing += 1;
    if (answer === undefined) {
      if (written.length === 0) continue;
      score.unclear += 1;
      show(`cannot tell ${written.flatMap(({ names }) => names)} in ${file}: ${sql}`);
      continue;
    }
    const said = [...answer.writes, ...answer.appends];
    const missed = written.filter((one) => !said.some((name) => isNameOf(name, one)));
    const extra = said.filter((name) => !hasSkipped && !mayBeSaid(name) && ![...locked, ...unseen].some((one) => isNameOf(name, one)));
    score.right += written.length - missed.length;
    score.missed += missed.length;
    score.extra += extra.length;
    if (missed.length > 0) show(`missed ${missed.map(({ names, modes }) => `${names} ${modes}`).join('; ')} in ${file}: ${sql}`);
    if (extra.length > 0) show(`extra ${extra.join(', ')} in ${file}: ${sql}`);
  }
  return score;
}

/** Views, sequences and the catalogue may be said or not; temporary tables are the session's own. */
function isTable({ kind, isTemporary, names }: Locked): boolean {
  return tables.has(kind) && !isTemporary && !names.some((name) => /^(?:pg_catalog|pg_toast|information_schema)\./.test(name));
}

function isNamed({ names }: Locked, named: ReadonlySet<string>): boolean {
  return names.some((name) => named.has(name.slice(name.indexOf('.') + 1)));
}

/** A whole schema has no lock; the catalogue may be said or not. */
function mayBeSaid(name: string): boolean {
  return name.endsWith('.*') || /^pg_/.test(name);
}

/** `name` as the reader writes it: `t`, `s.t`, `"T"`, `s.*`. */
function isNameOf(name: string, { names }: Locked): boolean {
  const parts = [...name.matchAll(/"((?:[^"]|"")*)"|[^."]+/g)].map(([whole, quoted]) => quoted?.replaceAll('""', '"') ?? whole);
  const schema = parts.at(-2);
  const table = parts.at(-1);
  return names.some((known) => {
    const dot = known.indexOf('.');
    return (schema === undefined || schema === known.slice(0, dot)) && (table === '*' || table === known.slice(dot + 1));
  });
}
