import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { query } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';

const run = promisify(execFile);
const blocks = codeBlocks('docs/warehouse.md').filter(({ language }) => language === 'ts');
const setup = blocks.find(({ file }) => file === 'warehouse.ts')?.code ?? '';
const programs = blocks.filter(({ file }) => file === undefined).map(({ code }) => code);

describeWith('postgres', (database) => {
  describeWith('memcached', (service) => {
    let folder: string;

    beforeAll(async () => {
      folder = projectFolder();
      await query(database.url, 'create table events (id int, note text); create table totals (day int, n bigint)');
      const here = setup.replaceAll('localhost:11211', service.url).replace("job: 'docs'", `job: 'docs', namespace: '${service.prefix}'`);
      writeFileSync(join(folder, 'warehouse.ts'), here);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    /** What the code of docs/warehouse.md that contains `text` prints. */
    async function print(text: string): Promise<string> {
      const code = programs.find((each) => each.includes(text)) ?? '';
      const end =
        "const { pool: ownPool, locker: ownLocker } = await import('./warehouse.ts');\nawait ownLocker.close();\nawait ownPool.end();\n";
      writeFileSync(join(folder, 'block.ts'), `${code}${end}`);
      const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', 'block.ts'], {
        cwd: folder,
        env: { ...process.env, DATABASE_URL: database.url },
        timeout: 25_000,
      });
      expect(stderr).toBe('');
      return stdout;
    }

    test.each([
      ['onProgress', 'true\n'],
      ['const rows = await warehouse.transaction(', '250 days\n'],
      ['explainConflict(', 'It used "events", which is not in its scope: add it to `reads`.'],
      ['InsertError', '1 not-in Inserting into "events" stopped after 1 row: rows[1].note: received undefined'],
      ["audit: 'throw'", 'The statement writes "events", which the transaction\'s scope does not hold for writing.'],
      ['warehouse.guard()', 'written without a lock: events\n'],
      ["nested: 'savepoint'", 'division by zero\n'],
    ])('docs/warehouse.md: the code with %s runs, and prints what it says', async (text, printed) => {
      expect(await print(text)).toContain(printed);
    });

    test('docs/warehouse.md: every block is run by the tests above', () => expect(programs.length).toBe(7));
  });
});
