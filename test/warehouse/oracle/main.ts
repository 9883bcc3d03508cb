/** What `tablesWritten` says of PostgreSQL's own regression SQL, against the locks that the server takes. Its help is below. */
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { postgresServer } from '../../support/services.ts';
import { play } from './play.ts';
import type { Heard } from './session.ts';
import { judgeAll } from './verdict.ts';

const help = `npm run test:oracle -- RECORD [FOLDER] [--wrong]

RECORD   a file for what was heard: one line of JSON for each statement. If it exists, it is judged and nothing is played.
FOLDER   src/test/regress of a PostgreSQL source, of the version that is installed (apt-get source postgresql-15).
--wrong  prints every statement that was judged wrong.

Files whose C functions are wanted need regress.so, autoinc.so and refint.so in FOLDER; without them some statements fail
and are not judged.
`;

async function main(): Promise<void> {
  const [record, folder] = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
  if (record === undefined) return void process.stdout.write(help);
  if (!existsSync(record)) {
    if (folder === undefined) return void process.stdout.write(help);
    const server = await postgresServer(['-c', 'max_prepared_transactions=2', '-c', 'autovacuum=off']);
    try {
      rmSync(record, { force: true });
      await play(server, resolve(folder), (file, statement) => appendFileSync(record, `${JSON.stringify({ file, ...statement })}\n`));
    } finally {
      await server.stop();
    }
  }
  const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
  await judgeAll(
    lines.map((line) => JSON.parse(line) as Heard & { file: string }),
    process.argv.includes('--wrong'),
  );
}

await main();
