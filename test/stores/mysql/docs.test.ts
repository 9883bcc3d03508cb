import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createTableSql } from '../../../src/stores/mysql/index.ts';

test('docs/stores/mysql.md shows the table that is made', () => {
  expect(readFileSync(join(__dirname, '../../../docs/stores/mysql.md'), 'utf8')).toContain(`\`\`\`sql\n${createTableSql()}\`\`\``);
});
