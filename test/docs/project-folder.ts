import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');

/** A new project of a user, inside the repository (`within`, for the packages there) for its other packages, where `giveway` is this source. */
export function projectFolder(within: string = root): string {
  mkdirSync(join(within, '.giveway'), { recursive: true });
  const folder = mkdtempSync(join(within, '.giveway/project-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const installed = join(folder, 'node_modules/giveway');
  mkdirSync(installed, { recursive: true });
  const exports: Record<string, string> = {};
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: { paths: Record<string, [string]> };
  };
  for (const [specifier, [source]] of Object.entries(compilerOptions.paths)) {
    const subpath = specifier.replace(/^giveway/, '.');
    const file = `./${subpath === '.' ? 'index' : subpath.slice(2)}.mjs`;
    exports[subpath] = file;
    writeFileSync(join(installed, file), `export * from ${JSON.stringify(join(root, source))};\n`);
  }
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ name: 'giveway', type: 'module', exports }));
  return folder;
}
