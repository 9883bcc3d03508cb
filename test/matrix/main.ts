/**
 * `npm run test:matrix [-- peers | bundlers] [--only NAME] [--ci] [--json]`: the packed tarball beside the versions of other packages
 * that people have, and in their bundlers. `--only` takes one package or bundler, `--ci` what CI takes. Packs what is in dist.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pack } from '../packaging/consumer.ts';
import { bundlerRows } from './bundlers/matrix.ts';
import { peerRows } from './peers/matrix.ts';
import { type Choice, rowsTable } from './table.ts';
import { exitWith } from './tools.ts';

const matrices = { peers: peerRows, bundlers: bundlerRows };

const options = { ci: { type: 'boolean' }, json: { type: 'boolean' }, only: { type: 'string', default: '' } } as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const unknown = positionals.find((name) => !(name in matrices));
  if (unknown !== undefined) throw new Error(`"${unknown}" is no matrix: ${Object.keys(matrices).join(', ')} are`);
  const choice: Choice = {
    quick: values.ci ?? false,
    isWanted: (what) => what.startsWith(values.only),
    note: (line) => void process.stderr.write(`${line}\n`),
  };
  const folder = mkdtempSync(join(tmpdir(), 'giveway-matrix-'));
  try {
    const tarball = pack(folder);
    const rows = [];
    for (const [name, rowsOf] of Object.entries(matrices)) {
      if (positionals.length > 0 && !positionals.includes(name)) continue;
      rows.push(...(await rowsOf(tarball, choice)));
    }
    process.stdout.write(values.json ? `${JSON.stringify(rows, null, 2)}\n` : `\n${rowsTable(rows)}\n`);
    return rows.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

exitWith(main);
