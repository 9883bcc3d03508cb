import type { TreeNode } from './parser.ts';
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
// Bodies of functions are not run when they are created; GRANT and COMMENT change neither rows nor shape.
const touchNoTable = wordSet(`
  TransactionStmt VariableSetStmt VariableShowStmt DiscardStmt FetchStmt ClosePortalStmt DeallocateStmt
  ConstraintsSetStmt ListenStmt UnlistenStmt NotifyStmt CheckPointStmt LoadStmt GrantStmt GrantRoleStmt
  AlterDefaultPrivilegesStmt CommentStmt SecLabelStmt CreateFunctionStmt AlterFunctionStmt CreateSeqStmt AlterSeqStmt
  CreateExtensionStmt AlterExtensionStmt CreateRoleStmt AlterRoleStmt AlterRoleSetStmt DropRoleStmt CreateEnumStmt
  AlterEnumStmt CompositeTypeStmt CreateRangeStmt DefineStmt CreateDomainStmt CreateCastStmt CreateTransformStmt
  CreateConversionStmt CreateOpClassStmt CreateOpFamilyStmt AlterOpFamilyStmt AlterOperatorStmt AlterTypeStmt
  CreateAmStmt CreatePLangStmt CreateFdwStmt AlterFdwStmt CreateForeignServerStmt AlterForeignServerStmt
  CreateUserMappingStmt AlterUserMappingStmt DropUserMappingStmt CreateEventTrigStmt AlterEventTrigStmt
  CreateTableSpaceStmt DropTableSpaceStmt AlterTableSpaceOptionsStmt CreatedbStmt AlterDatabaseStmt
  AlterDatabaseSetStmt AlterDatabaseRefreshCollStmt AlterSystemStmt AlterCollationStmt AlterOwnerStmt
  AlterObjectDependsStmt AlterTSDictionaryStmt AlterTSConfigurationStmt`);

const queries = wordSet('SelectStmt InsertStmt UpdateStmt DeleteStmt MergeStmt CopyStmt DeclareCursorStmt ExecuteStmt');

// Every table named outside a query is changed, or locked against writers while a reference to it is made.
const rewrites = wordSet(`
  TruncateStmt CreateStmt CreateForeignTableStmt CreateTableAsStmt ViewStmt IndexStmt CreateTrigStmt CreatePolicyStmt
  AlterPolicyStmt CreateStatsStmt RefreshMatViewStmt CreatePublicationStmt AlterPublicationStmt`);

const special: Readonly<Record<string, (body: TreeNode, uses: Uses) => void>> = {
  ExplainStmt(body, uses) {
    if (isOn(body.options, 'analyze') && isNode(body.query)) readStatement(body.query, uses);
  },
  PrepareStmt(body, uses) {
    uses.prepare(String(body.name), () => walkTree(body.query, 'read', uses));
  },
  // A rule's actions run later, with the statement that they rewrite.
  RuleStmt: (body, uses) => walkTree(body.relation, 'write', uses),
  // ACCESS SHARE and ROW SHARE keep no writer out.
  LockStmt: (body, uses) => walkTree(body, Number(body.mode) <= 2 ? 'read' : 'write', uses),
  // ANALYZE reads rows and changes statistics; VACUUM changes storage. Without a table, VACUUM means every table.
  VacuumStmt(body, uses) {
    if (body.is_vacuumcmd === true && body.rels === undefined) uses.giveUp();
    else walkTree(body.rels, body.is_vacuumcmd === true ? 'write' : 'read', uses);
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
  AlterTableStmt: (body, uses) => changeRelation(body, body.objtype, uses),
  RenameStmt(body, uses) {
    const kind = body.renameType;
    if (kind === 'OBJECT_SCHEMA') {
      for (const schema of [body.subname, body.newname]) uses.table([String(schema), '*'], 'write');
    } else {
      changeRelation(body, kind, uses);
      if (relations.has(String(kind)) && isTable(body.relation)) {
        uses.table([...tableParts(body.relation).slice(0, -1), String(body.newname)], 'write');
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
  // Names without a schema in the elements mean the new schema, and before PostgreSQL 17 their order is not the text's.
  CreateSchemaStmt(body, uses) {
    if (body.schemaElts !== undefined) uses.giveUp();
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

function drop(body: TreeNode, uses: Uses): void {
  const type = String(body.removeType);
  const objects = (body.objects ?? []) as readonly TreeNode[];
  if (type === 'OBJECT_SCHEMA') {
    for (const schema of stringsOf(objects)) uses.table([schema, '*'], 'write');
    return;
  }
  const names = objects.map((object) => stringsOf((object.List as TreeNode | undefined)?.items));
  if (relations.has(type)) for (const name of names) uses.table(name, 'write');
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
