import type { Mode } from '../../lock/holder.ts';
import type { TreeNode } from './parser.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

/** Does the name mean a common table expression here, and not a table? */
type IsCte = (name: string) => boolean;
/** Which tables of a `FROM` the `FOR UPDATE` above it locks. */
type RowLocks = 'all' | ReadonlySet<string> | undefined;

interface Frame {
  readonly node: unknown;
  readonly mode: Mode;
  readonly isCte: IsCte;
  readonly locks: RowLocks;
}

/**
 * Visits every node below `root` and reports each table named in it: with `mode`, unless a query or a data-modifying
 * statement in between says otherwise. A type of node nobody thought of is walked through, never skipped.
 */
export function walkTree(root: unknown, mode: Mode, uses: Uses): void {
  const stack: Frame[] = [{ node: root, mode, isCte: () => false, locks: undefined }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { node } = frame;
    if (Array.isArray(node)) for (const child of node) push(stack, frame, child);
    else if (isTable(node)) reportTable(node, frame, uses);
    else if (isNode(node)) visit(node, frame, stack, uses);
  }
}

function push(stack: Frame[], { mode, isCte, locks }: Frame, node: unknown): void {
  if (typeof node === 'object' && node !== null) stack.push({ node, mode, isCte, locks });
}

function visit(node: TreeNode, frame: Frame, stack: Frame[], uses: Uses): void {
  const isCte = isNode(node.withClause) ? enterWith(node.withClause, frame, stack) : frame.isCte;
  const locks = rowLocksOf(node) ?? frame.locks;
  for (const field in node) {
    const child = node[field];
    if (typeof child !== 'object' || child === null || field === 'withClause' || field === 'lockingClause') continue;
    const inner: Frame = { node: child, mode: frame.mode, isCte, locks: carriesLocks.has(field) ? locks : undefined };
    const rule = isNode(child) ? rules[field] : undefined;
    if (rule === undefined) push(stack, field === 'intoClause' || field === 'into' ? { ...inner, mode: 'write' } : inner, child);
    else rule(child as TreeNode, inner, stack, uses);
  }
}

type Rule = (body: TreeNode, frame: Frame, stack: Frame[], uses: Uses) => void;

/** What a node of this type does to the tables below it. Types without a rule pass on what stands above them. */
const rules: Readonly<Record<string, Rule>> = {
  SelectStmt: (body, frame, stack) => push(stack, { ...frame, mode: 'read' }, body),
  InsertStmt: (body, frame, stack, uses) => {
    const conflict = body.onConflictClause;
    modify(body, isNode(conflict) && conflict.action === 'ONCONFLICT_UPDATE' ? 'write' : 'append', frame, stack, uses);
  },
  UpdateStmt: (body, frame, stack, uses) => modify(body, 'write', frame, stack, uses),
  DeleteStmt: (body, frame, stack, uses) => modify(body, 'write', frame, stack, uses),
  MergeStmt: (body, frame, stack, uses) => modify(body, 'write', frame, stack, uses),
  CopyStmt: (body, frame, stack, uses) => modify(body, body.is_from === true ? 'append' : 'read', frame, stack, uses),
  TableLikeClause: (body, frame, stack) => push(stack, { ...frame, mode: 'read' }, body),
  FuncCall: (body, frame, stack, uses) => {
    uses.call(stringsOf(body.funcname));
    push(stack, frame, body);
  },
  ExecuteStmt: (body, _frame, _stack, uses) => uses.execute(String(body.name)),
  // Subqueries under FOR UPDATE are locked whole; their alias is what OF names.
  RangeSubselect: (body, frame, stack) => {
    const alias = isNode(body.alias) ? body.alias.aliasname : undefined;
    push(stack, { ...frame, locks: isLocked(alias, frame.locks) ? 'all' : undefined }, body);
  },
};

/** The statement's own table in `mode`, everything else in it read. */
function modify(body: TreeNode, mode: Mode, frame: Frame, stack: Frame[], uses: Uses): void {
  const { relation, ...rest } = body;
  if (isTable(relation)) reportTable(relation, { ...frame, mode }, uses);
  push(stack, { ...frame, mode: 'read' }, rest);
}

/** Queues the queries of a WITH, each with the names it can see, and gives the names the statement can see. */
function enterWith(clause: TreeNode, frame: Frame, stack: Frame[]): IsCte {
  const expressions = (clause.ctes as readonly { readonly CommonTableExpr: TreeNode }[]).map(({ CommonTableExpr }) => CommonTableExpr);
  const places = new Map(expressions.map((expression, place) => [String(expression.ctename), place]));
  const upTo =
    (end: number): IsCte =>
    (name) =>
      (places.get(name) ?? end) < end || frame.isCte(name);
  for (const [place, expression] of expressions.entries()) {
    const isCte = upTo(clause.recursive === true ? expressions.length : place);
    push(stack, { ...frame, mode: 'read', isCte, locks: undefined }, expression);
  }
  return upTo(expressions.length);
}

const carriesLocks = wordSet('SelectStmt fromClause JoinExpr larg rarg RangeVar RangeSubselect subquery RangeTableSample relation');

function rowLocksOf(node: TreeNode): RowLocks {
  const clauses = node.lockingClause;
  if (!Array.isArray(clauses)) return undefined;
  const names = new Set<string>();
  for (const { LockingClause: clause } of clauses as readonly { readonly LockingClause: TreeNode }[]) {
    // FOR SHARE and FOR KEY SHARE go with each other, as reads do.
    if (clause.strength !== 'LCS_FORUPDATE' && clause.strength !== 'LCS_FORNOKEYUPDATE') continue;
    if (!Array.isArray(clause.lockedRels)) return 'all';
    for (const { RangeVar: table } of clause.lockedRels as readonly { readonly RangeVar: TreeNode }[]) names.add(String(table.relname));
  }
  return names;
}

function isLocked(alias: unknown, locks: RowLocks): boolean {
  return locks === 'all' || locks?.has(String(alias)) === true;
}

function reportTable(node: TreeNode, { mode, isCte, locks }: Frame, uses: Uses): void {
  const parts = tableParts(node);
  const [name = ''] = parts;
  // A common table expression is never what a statement writes to, so it hides a table from readers alone.
  if (mode === 'read' && parts.length === 1 && isCte(name)) return;
  const alias = isNode(node.alias) ? node.alias.aliasname : node.relname;
  if (node.relpersistence === 't') uses.createTemporary(parts);
  else uses.table(parts, mode === 'read' && isLocked(alias, locks) ? 'write' : mode);
}

/** The stored parts of a table's name. */
export function tableParts(node: TreeNode): string[] {
  return [node.catalogname, node.schemaname, node.relname].filter((part) => typeof part === 'string');
}

/** The texts of a list of String nodes. */
export function stringsOf(list: unknown): string[] {
  return Array.isArray(list) ? list.map((item) => String((item as { String?: { sval?: string } }).String?.sval ?? '')) : [];
}

export function isNode(value: unknown): value is TreeNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isTable(value: unknown): value is TreeNode {
  return isNode(value) && typeof value.relname === 'string' && typeof value.relpersistence === 'string';
}
