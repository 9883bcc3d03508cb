import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { describeWith } from '../support/shared.ts';

const blocks = codeBlocks('docs/locker.md').filter(({ language }) => language === 'ts');
const setup = blocks.find(({ file }) => file === 'locker.ts')?.code ?? '';
const programs = blocks.filter(({ file }) => file === undefined).map(({ code }) => code);

describeWith('memcached', (service) => {
  let folder: string;

  beforeAll(() => {
    folder = projectFolder();
    const here = setup.replaceAll('localhost:11211', service.url).replace("job: 'docs'", `job: 'docs', namespace: '${service.prefix}'`);
    writeFileSync(join(folder, 'locker.ts'), here);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each([
    ['locker.run(', /^3 [\d.]+ undefined\n$/],
    ['tryLock(', /^\d+(\.\d+)? false true\n$/],
  ])('docs/locker.md: the code with %s runs, and prints what it should', async (text, printed) => {
    const code = programs.find((each) => each.includes(text)) ?? '';
    const end = code.includes('locker.close()') ? '' : 'await locker.close();\n';
    writeFileSync(join(folder, 'block.ts'), `${code}${end}`);
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'block.ts'], {
      cwd: folder,
      timeout: 25_000,
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(printed);
  });

  test('docs/locker.md: every block is run by the test above', () => expect(programs.length).toBe(2));
});
