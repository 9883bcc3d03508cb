/**
 * `npm run test:matrix [-- peers | bundlers] [--ci] [--json]`: the packed tarball beside the versions of other packages that people
 * have, and in their bundlers. `--ci` takes the rows that CI takes. Packs what `npm run build` left in dist.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pack } from '../packaging/consumer.ts';
import { bundlerRows } from './bundlers/matrix.ts';
import { rowsTable } from './table.ts';
import { ToolMissingError } from './tools.ts';

const matrices = { bundlers: bundlerRows };

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { ci: { type: 'boolean' }, json: { type: 'boolean' } } });
  const unknown = positionals.find((name) => !(name in matrices));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no matrix: ${Object.keys(matrices).join(', ')} are`);
  const folder = mkdtempSync(join(tmpdir(), 'giveway-matrix-'));
  try {
    const tarball = pack(folder);
    const rows = [];
    for (const [name, rowsOf] of Object.entries(matrices)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue;
      rows.push(...(await rowsOf(tarball, values.ci ?? false, (line) => process.stderr.write(`${line}\n`))));
    }
    process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `\n${rowsTable(rows)}\n`);
    return rows.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof ToolMissingError ? error.message : String((error as Error).stack)}\n`);
    process.exit(1);
  },
);
