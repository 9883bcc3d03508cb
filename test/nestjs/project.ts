import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { startProgram, type Worker } from '../processes/spawn.ts';

const root = join(__dirname, '../..');
const appsFolder = join(__dirname, 'apps');

/** A user's project: its own Nest, giveway as it is shipped, and the applications, compiled as Nest's own compiler does it. */
export interface NestProject {
  /** One of `test/nestjs/apps`, in a process of its own. */
  start(app: string, env?: Record<string, string>): Worker;
  remove(): void;
}

/** What the applications import, by its source below `src`. */
const modules = {
  '.': 'index',
  './decorators': 'jobs/decorators',
  './memory': 'stores/memory',
  './nestjs': 'nestjs/index',
  './testing': 'testing/index',
};

/** giveway as it is shipped: built, for `import` and for `require`. */
export function buildGiveway(): { readonly folder: string; remove(): void } {
  mkdirSync(join(root, '.giveway'), { recursive: true });
  const folder = mkdtempSync(join(root, '.giveway/nest-build-'));
  const sources = Object.values(modules).map((name) => `src/${name}.ts`);
  const flags = ['--no-config', '--no-dts', '--platform', 'node', '--target', 'node20.19', '--logLevel', 'error', '--no-fail-on-warn'];
  const formats = ['--format', 'esm', '--format', 'cjs', '--out-dir', join(folder, 'dist')];
  execFileSync(join(root, 'node_modules/.bin/tsdown'), [...sources, ...flags, ...formats], { cwd: root, stdio: ['ignore', 'ignore', 2] });
  const exports = Object.entries(modules).map(([name, file]) => [name, { import: `./dist/${file}.mjs`, require: `./dist/${file}.cjs` }]);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'giveway', exports: Object.fromEntries(exports) }));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/**
 * Nest 11 is CommonJS, and among this repository's own packages; Nest 12 is ESM alone, and in a folder of its own, to be named with
 * `within`. `giveway`: where it was built.
 */
export function nestProject(format: 'cjs' | 'esm', giveway: string, within = join(root, '.giveway')): NestProject {
  const folder = mkdtempSync(join(within, 'nest-project-'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: format === 'cjs' ? 'commonjs' : 'module' }));
  cpSync(giveway, join(folder, 'node_modules/giveway'), { recursive: true });
  const module = format === 'cjs' ? ts.ModuleKind.CommonJS : ts.ModuleKind.ESNext;
  for (const file of readdirSync(appsFolder).filter((name) => name.endsWith('.ts'))) {
    const text = readFileSync(join(appsFolder, file), 'utf8');
    const { outputText } = ts.transpileModule(text, { fileName: file, compilerOptions: { ...compilerOptions, module } });
    writeFileSync(join(folder, file.replace(/\.ts$/, '.js')), outputText);
  }
  return {
    start: (app, env = {}) => startProgram(process.execPath, [join(folder, `${app}.js`)], env),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** As Nest's own projects have it. */
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  useDefineForClassFields: false,
};
