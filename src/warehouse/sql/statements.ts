import type { TreeNode } from './parser.ts';
import { usesWithin } from './schema-elements.ts';
import { isNode, isTable, stringsOf, tableParts, walkTree } from './tree.ts';
import type { Uses } from './uses.ts';
import { wordSet } from './words.ts';

/** Reports the tables of one parsed statement. A kind of statement that is not listed here is "cannot tell". */
export function readStatement(statement: TreeNode, uses: Uses): void {
  for (const [kind, body] of Object.entries(statement)) {
    if (!isNode(body) || touchNoTable.has(kind)) continue;
    const rule = special[kind];
    if (rule !== undefined) rule(body, uses);
    else if (queries.has(kind)) walkTree(statement, 'read', uses);
    else if (rewrites.has(kind)) walkTree(statement, 'write', uses);
    else uses.giveUp();
  }
}

// A transaction's own words, sessions, cursors already declared, and catalog entries that are no tables.
// Bodies of functions are not run when they are created; GRANT changes neither rows nor shape, and locks no table.
const touchNoTable = wordSet(`
  TransactionStmt VariableSetStmt VariableShowStmt DiscardStmt FetchStmt ClosePortalStmt DeallocateStmt
  ConstraintsSetStmt ListenStmt UnlistenStmt NotifyStmt CheckPointStmt LoadStmt GrantStmt GrantRoleStmt
  AlterDefaultPrivilegesStmt CreateFunctionStmt AlterFunctionStmt CreateSeqStmt AlterSeqStmt
  CreateExtensionStmt AlterExtensionStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt CreateEnumStmt
  AlterEnumStmt CompositeTypeStmt CreateRangeStmt DefineStmt CreateDomainStmt CreateCastStmt CreateTransformStmt
  CreateConversionStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt AlterOperatorStmt AlterTypeStmt
  CreateAmStmt CreatePLangStmt CreateFdwStmt AlterFdwStmt CreateForeignServerStmt AlterForeignServerStmt
  CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt CreateEventTrigStmt AlterEventTrigStmt
  CreateTableSpaceStmt DropTableSpaceStmt AlterTableSpaceOptionsStmt CreatedbStmt AlterDatabaseStmt
  AlterDatabaseSetStmt AlterDatabaseRefreshCollStmt AlterSystemStmt AlterCollationStmt AlterOwnerStmt
  AlterObjectDependsStmt AlterTSDictionaryStmt AlterTSConfigurationStmt AlterStatsStmt`);

const queries = wordSet('SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CopyStmt DeclareCursorStmt ExecuteStmt');

// Every table named outside a query is changed, or locked against writers while a reference to it is made.
const rewrites = wordSet(`
  TruncateStmt CreateStmt CreateForeignTableStmt CreateTableAsStmt ViewStmt IndexStmt CreatePolicyStmt
  AlterPolicyStmt CreateStatsStmt RefreshMatViewStmt CreatePublicationStmt AlterPublicationStmt`);

const special: Readonly<Record<string, (body: TreeNode, uses: Uses) => void>> = {
  ExplainStmt(body, uses) {
    if (isOn(body.options, 'analyze') && isNode(body.query)) readStatement(body.query, uses);
  },
  PrepareStmt(body, uses) {
    uses.prepare(String(body.name), () => walkTree(body.query, 'read', uses));
  },
  // A rule's actions run later, with the statement that they rewrite; but their tables are locked now.
  RuleStmt(body, uses) {
    walkTree(body.relation, 'write', uses);
    walkTree([body.whereClause, body.actions], 'read', uses);
  },
  // The other table of a constraint trigger is looked up, no more.
  CreateTrigStmt(body, uses) {
    walkTree(body.relation, 'write', uses);
    walkTree([body.constrrel, body.whenClause], 'read', uses);
  },
  CommentStmt: (body, uses) => describeRelation(body.objtype, body.object, uses),
  SecLabelStmt: (body, uses) => describeRelation(body.objtype, body.object, uses),
  // ACCESS SHARE and ROW SHARE keep no writer out.
  LockStmt: (body, uses) => walkTree(body, Number(body.mode) <= 2 ? 'read' : 'write', uses),
  // ANALYZE changes statistics, VACUUM storage: neither runs beside itself. Without a table they mean every table.
  VacuumStmt(body, uses) {
    if (body.rels === undefined) uses.giveUp();
    else walkTree(body.rels, 'write', uses);
  },
  ClusterStmt(body, uses) {
    if (body.relation === undefined) uses.giveUp();
    else walkTree(body, 'write', uses);
  },
  ReindexStmt(body, uses) {
    if (body.kind === 'REINDEX_OBJECT_TABLE') walkTree(body, 'write', uses);
    else if (body.kind === 'REINDEX_OBJECT_SCHEMA') uses.table([String(body.name), '*'], 'write');
    else uses.giveUp();
  },
  AlterTableStmt(body, uses) {
    const { cmds, ...rest } = body;
    changeRelation(rest, body.objtype, uses);
    if (!relations.has(String(body.objtype))) return;
    for (const { AlterTableCmd: command } of cmds as readonly { readonly AlterTableCmd: TreeNode }[]) {
      // NO INHERIT only looks the parent up.
      walkTree(command, command.subtype === 'AT_DropInherit' ? 'read' : 'write', uses);
    }
  },
  RenameStmt(body, uses) {
    const kind = body.renameType;
    if (kind === 'OBJECT_SCHEMA') {
      for (const schema of [body.subname, body.newname]) uses.table([String(schema), '*'], 'write');
    } else {
      changeRelation(body, kind, uses);
      if (relations.has(String(kind)) && isTable(body.relation)) {
        const parts = tableParts(body.relation);
        uses.table([...parts.slice(0, -1), String(body.newname)], 'write');
        uses.drop(parts);
      }
    }
  },
  AlterObjectSchemaStmt(body, uses) {
    changeRelation(body, body.objectType, uses);
    if (relations.has(String(body.objectType)) && isTable(body.relation)) {
      uses.table([String(body.newschema), String(body.relation.relname)], 'write');
    }
  },
  DropStmt: drop,
  CreateSchemaStmt(body, uses) {
    const elements = (body.schemaElts ?? []) as readonly TreeNode[];
    const schema = body.schemaname ?? (body.authrole as TreeNode | undefined)?.rolename;
    if (typeof schema !== 'string' && elements.length > 0) uses.giveUp();
    const created = elements.flatMap(({ CreateStmt: table, ViewStmt: view }) => [
      (table as TreeNode | undefined)?.relation,
      (view as TreeNode | undefined)?.view,
    ]);
    const names = new Set(created.filter(isTable).map(({ relname }) => String(relname)));
    for (const element of elements) readStatement(element, usesWithin(uses, String(schema), names));
  },
};

const relations = wordSet('OBJECT_TABLE OBJECT_VIEW OBJECT_MATVIEW OBJECT_FOREIGN_TABLE');
const partsOfTables = wordSet('OBJECT_COLUMN OBJECT_TABCONSTRAINT OBJECT_TRIGGER OBJECT_RULE OBJECT_POLICY');

function changeRelation(body: TreeNode, objectType: unknown, uses: Uses): void {
  const type = String(objectType);
  // The text names the index, not its table.
  if (type === 'OBJECT_INDEX') uses.giveUp();
  else if (relations.has(type) || partsOfTables.has(type)) walkTree(body, 'write', uses);
}

/** A comment on a table or one of its columns; of what else there is, no table is locked against writers. */
function describeRelation(objectType: unknown, object: unknown, uses: Uses): void {
  const type = String(objectType);
  const name = stringsOf(((object as TreeNode | undefined)?.List as TreeNode | undefined)?.items);
  if (relations.has(type)) uses.table(name, 'write');
  else if (type === 'OBJECT_COLUMN') uses.table(name.slice(0, -1), 'write');
}

function drop(body: TreeNode, uses: Uses): void {
  const type = String(body.removeType);
  const objects = (body.objects ?? []) as readonly TreeNode[];
  if (type === 'OBJECT_SCHEMA') {
    for (const schema of stringsOf(objects)) uses.table([schema, '*'], 'write');
    return;
  }
  const names = objects.map((object) => stringsOf((object.List as TreeNode | undefined)?.items));
  if (relations.has(type)) for (const name of names) uses.drop(name);
  // The last part is the trigger's own name.
  else if (partsOfTables.has(type)) for (const name of names) uses.table(name.slice(0, -1), 'write');
  // Columns of any table may go with a type that is dropped by CASCADE.
  else if (type === 'OBJECT_INDEX' || body.behavior === 'DROP_CASCADE') uses.giveUp();
}

/** Is a boolean option set: `(analyze)`, `(analyze true)`, `(analyze 1)`; not `(analyze off)`. The last one counts. */
function isOn(options: unknown, name: string): boolean {
  const all = (Array.isArray(options) ? options : []) as readonly { readonly DefElem: TreeNode }[];
  const option = all.findLast(({ DefElem }) => DefElem.defname === name)?.DefElem;
  const value = option?.arg as { String?: { sval: string }; Integer?: { ival?: number } } | undefined;
  if (value === undefined) return option !== undefined;
  return value.Integer === undefined ? !['false', 'off'].includes(value.String?.sval ?? '') : value.Integer.ival === 1;
}
