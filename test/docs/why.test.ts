import { tmpdir } from 'node:os';
import { expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { giveway } from '../cli/in-process.ts';
import { dedupeTurns, writeNight } from '../cli/night.ts';
import { describeWith } from '../support/shared.ts';
import { codeBlocks } from './code-blocks.ts';

/** 02:00 on this machine's clock, some days ago. */
const start = new Date(Date.now() - 3 * 86_400_000);
start.setHours(2, 0, 0, 0);
const day = [start.getFullYear(), start.getMonth() + 1, start.getDate()].map((part) => String(part).padStart(2, '0')).join('-');

/** The pages tell of one skip: at these minutes the first two turns of the job meet nobody. */
const quietMinutes = [45, 47];

/** What depends on when it is asked, and on which processes it was. */
const comparable = (text: string): string =>
  text
    .replace(/\b\d{4}-\d\d-\d\d\b/g, 'DAY')
    .replace(/^ {2}\S+( \S+)? ago/gm, '  … ago')
    .replace(/pid \d+/g, 'pid …');

describeWith('postgres', (service) => {
  test('what giveway why says on the pages is what it says of that night', async () => {
    const pool = new Pool({ connectionString: service.url });
    await writeNight(pool, start.getTime(), undefined, (index) => {
      const at = quietMinutes[dedupeTurns.indexOf(index)];
      return at === undefined ? {} : { at };
    });
    await pool.end();
    const { out } = await giveway(['why', 'nightly-dedupe', '--since', `${day} 02:00`, '--until', '04:00'], {
      cwd: tmpdir(),
      env: { GIVEWAY_JOURNAL: service.url, GIVEWAY_STORE: 'memory:' },
    });
    for (const page of ['README.md', 'docs/cli.md']) {
      const [command, ...answer] =
        codeBlocks(page)
          .find(({ code }) => code.startsWith('$ giveway why'))
          ?.code.split('\n') ?? [];
      expect(command).toBe('$ giveway why nightly-dedupe --since 02:00 --until 04:00');
      expect(comparable(answer.join('\n'))).toBe(comparable(out));
    }
  });
});
