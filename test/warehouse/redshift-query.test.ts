import { beforeAll, expect, test } from '@jest/globals';
import { classifyConflict } from '../../src/conflicts/classify.ts';
import type { Conflict } from '../../src/conflicts/conflict.ts';
import { redshiftDiagnosticQuery } from '../../src/warehouse/redshift-query.ts';
import { loadSqlParser, tablesWritten } from '../../src/warehouse/sql/index.ts';
import { cycleDetail, serverError } from '../conflicts/server-errors.ts';

beforeAll(async () => {
  await loadSqlParser();
});

test.each<[string, Conflict | undefined]>([
  ['all is known', classifyConflict(serverError('XX000', '1023', cycleDetail))],
  ['nothing is known', classifyConflict(serverError('XX000', '1023'))],
])('can be pasted when %s', (_what, conflict) => {
  const query = redshiftDiagnosticQuery(conflict ?? {});
  // Reads of the system's own tables alone.
  expect(tablesWritten(query)).toEqual({ writes: [], appends: [], reads: [] });
  for (const id of [conflict?.tableId, ...(conflict?.transactions ?? [])]) expect(query).toContain(id ?? 'stl_tr_conflict');
});
