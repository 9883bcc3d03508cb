import { afterWords, type Item, isWord, isWordOf, piecesOf } from './items.ts';
import { readCluster, readComment, readReindex } from './token-catalog.ts';
import { readAlter, readCreate, readDrop } from './token-definition.ts';
import { isQuery, readQuery } from './token-query.ts';
import { reportTable, reportTables } from './token-tables.ts';
import { tokenize } from './tokens.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

type Items = readonly Item[];

/** Reports the tables of one statement by its words. What starts with a word not listed here is "cannot tell". */
export function readTokens(items: Items, uses: Uses): void {
  const [first] = items;
  const rule = first?.kind === 'word' && Object.hasOwn(rules, first.text) ? rules[first.text] : undefined;
  if (isQuery(items)) readQuery(items, uses);
  else if (rule !== undefined) rule(items, uses);
  else if (!isWordOf(first, touchNoTable)) uses.giveUp();
}

const touchNoTable = wordSet(`
  abort attach begin cancel checkpoint close commit deallocate desc describe detach discard end fetch grant listen move
  notify release reset revoke rollback savepoint set show start unlisten use`);

const rules: Readonly<Record<string, (items: Items, uses: Uses) => void>> = {
  copy: readCopy,
  unload: readUnload,
  truncate: (items, uses) => reportTables(items, afterWords(items, 1, tableWords), 'write', uses),
  lock(items, uses) {
    // ACCESS SHARE and ROW SHARE keep no writer out.
    const sharesWithWriters = items.some((item, at) => isWord(item, 'access', 'row') && isWord(items[at + 1], 'share'));
    reportTables(items, afterWords(items, 1, tableWords), sharesWithWriters ? 'read' : 'write', uses);
  },
  refresh: (items, uses) => reportTables(items, afterWords(items, 1, viewWords), 'write', uses),
  // Without a table VACUUM means every table: nobody can tell.
  vacuum: (items, uses) => reportTables(items, afterWords(items, 1, vacuumOptions), 'write', uses),
  // The same of ANALYZE, which changes statistics; on Redshift, with COMPRESSION it locks readers and writers out.
  analyze: readAnalyze,
  analyse: readAnalyze,
  cluster: readCluster,
  comment: readComment,
  reindex: readReindex,
  security: readComment,
  create: readCreate,
  alter: readAlter,
  drop: readDrop,
  declare: (items, uses) => readQueryBehind(items, 'for', uses),
  prepare: (items, uses) => uses.prepare(items[1]?.text ?? '', () => readQueryBehind(items, 'as', uses)),
  execute: (items, uses) => uses.execute(items[1]?.text ?? ''),
  explain: readExplain,
};

const tableWords = wordSet('table only');
const viewWords = wordSet('materialized view concurrently');
const analyzeOptions = wordSet('verbose compression (');
const explainOptions = wordSet('analyze analyse verbose (');
const vacuumOptions = wordSet('full sort delete only reindex recluster freeze verbose analyze analyse boost table (');

function readAnalyze(items: Items, uses: Uses): void {
  reportTables(items, afterWords(items, 1, analyzeOptions), 'write', uses);
}

function readCopy(items: Items, uses: Uses): void {
  const direction = items.find((item) => isWord(item, 'from', 'to'));
  if (items[1]?.kind === 'group') readQuery(items[1].items, uses);
  else if (direction === undefined) uses.giveUp();
  else
    reportTable(items, isWord(items[1], 'binary') && items[2] !== direction ? 2 : 1, direction.text === 'from' ? 'append' : 'read', uses);
}

/** `UNLOAD ('select …') TO …`: the query is a string. */
function readUnload(items: Items, uses: Uses): void {
  const text = items[1]?.kind === 'group' ? items[1].items[0] : undefined;
  const tokens = text?.kind === 'string' ? tokenize(text.text.replaceAll("\\'", "'")) : undefined;
  const [piece, ...more] = (tokens && piecesOf(tokens)) ?? [];
  if (piece === undefined || more.length > 0 || !isQuery(piece.items)) uses.giveUp();
  else readQuery(piece.items, uses);
}

function readQueryBehind(items: Items, word: string, uses: Uses): void {
  const at = items.findIndex((item, index) => isWord(item, word) && isQuery(items, index + 1));
  if (at < 0) uses.giveUp();
  else readQuery(items.slice(at + 1), uses);
}

function readExplain(items: Items, uses: Uses): void {
  const start = afterWords(items, 1, explainOptions);
  if (!items.slice(1, start).some(runsIt)) return;
  if (isWord(items[start], 'explain')) uses.giveUp();
  else readTokens(items.slice(start), uses);
}

/** `ANALYZE`, `ANALYSE`, `(ANALYZE)` and `(ANALYZE on)`, but not `(ANALYZE off)`. The last one counts. */
function runsIt(option: Item): boolean {
  if (option.kind !== 'group') return isWord(option, 'analyze', 'analyse');
  const analyze = option.items.findLastIndex((item) => isWord(item, 'analyze', 'analyse'));
  return analyze >= 0 && !['off', 'false', '0'].includes(option.items[analyze + 1]?.text ?? '');
}
