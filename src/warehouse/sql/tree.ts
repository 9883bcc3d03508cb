import type { Mode } from '../../lock/record.ts';
import type { TreeNode } from './parser.ts';
import type { Uses } from './uses.ts';

/** Names that mean a common table expression here, not a table. */
type Ctes = ReadonlySet<string>;
/** Which tables of a `FROM` the `FOR UPDATE` above it locks. */
type RowLocks = 'all' | ReadonlySet<string> | undefined;

interface Frame {
  readonly node: unknown;
  readonly mode: Mode;
  readonly ctes: Ctes;
  readonly locks: RowLocks;
}

/**
 * Visits every node below `root` and reports each table named in it: with `mode`, unless a query or a data-modifying
 * statement in between says otherwise. A type of node nobody thought of is walked through, never skipped.
 */
export function walkTree(root: unknown, mode: Mode, uses: Uses): void {
  const stack: Frame[] = [{ node: root, mode, ctes: new Set(), locks: undefined }];
  for (let frame = stack.pop(); frame !== undefined; frame = stack.pop()) {
    const { node } = frame;
    if (Array.isArray(node)) for (const child of node) push(stack, frame, child);
    else if (isTable(node)) reportTable(node, frame, uses);
    else if (isNode(node)) visit(node, frame, stack, uses);
  }
}

function push(stack: Frame[], { mode, ctes, locks }: Frame, node: unknown): void {
  if (typeof node === 'object' && node !== null) stack.push({ node, mode, ctes, locks });
}

function visit(node: TreeNode, frame: Frame, stack: Frame[], uses: Uses): void {
  const ctes = isNode(node.withClause) ? enterWith(node.withClause, frame, stack) : frame.ctes;
  const locks = rowLocksOf(node) ?? frame.locks;
  for (const field in node) {
    const child = node[field];
    if (typeof child !== 'object' || child === null || field === 'withClause' || field === 'lockingClause') continue;
    const inner: Frame = { node: child, mode: frame.mode, ctes, locks: carriesLocks.has(field) ? locks : undefined };
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
  // A common table expression is never the target, so its name does not hide the table here.
  if (isTable(relation)) reportTable(relation, { ...frame, mode, ctes: new Set() }, uses);
  push(stack, { ...frame, mode: 'read' }, rest);
}

/** Queues the queries of a WITH, each with the names it can see, and gives the names the statement can see. */
function enterWith(clause: TreeNode, frame: Frame, stack: Frame[]): Ctes {
  const expressions = (clause.ctes as readonly { readonly CommonTableExpr: TreeNode }[]).map(({ CommonTableExpr }) => CommonTableExpr);
  const names = expressions.map((expression) => String(expression.ctename));
  expressions.forEach((expression, index) => {
    const visible = clause.recursive === true ? names : names.slice(0, index);
    push(stack, { ...frame, mode: 'read', ctes: new Set([...frame.ctes, ...visible]), locks: undefined }, expression);
  });
  return new Set([...frame.ctes, ...names]);
}

const carriesLocks = new Set([
  'SelectStmt',
  'fromClause',
  'JoinExpr',
  'larg',
  'rarg',
  'RangeVar',
  'RangeSubselect',
  'subquery',
  'RangeTableSample',
  'relation',
]);

function rowLocksOf(node: TreeNode): RowLocks {
  const clauses = node.lockingClause;
  if (!Array.isArray(clauses)) return undefined;
  const names = new Set<string>();
  for (const { LockingClause: clause } of clauses as readonly { readonly LockingClause: TreeNode }[]) {
    // FOR SHARE and FOR KEY SHARE go with each other, as reads do.
    if (clause.strength !== 'LCS_FORUPDATE' && clause.strength !== 'LCS_FORNOKEYUPDATE') continue;
    if (!Array.isArray(clause.lockedRels)) return 'all';
    for (const { RangeVar: relation } of clause.lockedRels as readonly { readonly RangeVar: TreeNode }[])
      names.add(String(relation.relname));
  }
  return names;
}

function isLocked(alias: unknown, locks: RowLocks): boolean {
  return locks === 'all' || locks?.has(String(alias)) === true;
}

function reportTable(node: TreeNode, { mode, ctes, locks }: Frame, uses: Uses): void {
  const parts = tableParts(node);
  const [name = ''] = parts;
  if (mode === 'read' && parts.length === 1 && ctes.has(name)) return;
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
