import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { esmExternalRequirePlugin } from 'rolldown/plugins';
import { defineConfig } from 'tsdown';
import { toJSONSchema } from 'zod/mini';
import { modules } from './modules.mjs';
import { fileSchema } from './src/config/schema.ts';

const library = Object.fromEntries(modules.filter(({ source }) => existsSync(source)).map(({ name, source }) => [name, source]));
const program = existsSync('src/cli/main.ts') ? { cli: 'src/cli/main.ts' } : {};

/** Bundled, and cut to what is used: a config is loaded, and a command started, in a third of the time. */
const bundled = ['zod', 'lilconfig', 'commander'];
/**
 * CommonJS that stands in the modules too. A bundler that makes a module of it leaves their `require('net')` as it is, and that
 * throws at run time; here it becomes an import.
 */
const bundledInModules = ['memjs', 'pg-copy-streams'];
/** lilconfig keeps a `require` for loaders that giveway replaces by its own, and a module has none. */
const withoutRequire = {
  name: 'without-require',
  transform: {
    filter: { id: /node_modules\/lilconfig\// },
    handler: (code: string) => code.replace(/typeof __webpack_require__ === 'function' \? __non_webpack_require__ : require/, 'undefined'),
  },
};
const isOf =
  (packages: readonly string[]) =>
  (id: string): boolean =>
    packages.some((name) => id === name || id.startsWith(`${name}/`));

const licenses = (): string => [...bundled, ...bundledInModules].map((name) => `${name}\n\n${licenseOf(name)}`).join('\n\n');
function licenseOf(name: string): string {
  const file = `node_modules/${name}/LICENSE`;
  if (existsSync(file)) return readFileSync(file, 'utf8');
  const [, text] = readFileSync(`node_modules/${name}/README.md`, 'utf8').split(/^#+ license$/im);
  if (text === undefined) throw new Error(`${name} has its license neither in LICENSE nor in README.md`);
  return text.trim();
}

export default defineConfig({
  entry: library,
  // The program starts a fifth sooner as CommonJS.
  format: {
    esm: {
      noExternal: isOf([...bundled, ...bundledInModules]),
      inlineOnly: [...bundled, ...bundledInModules],
      plugins: [withoutRequire, esmExternalRequirePlugin({ external: builtinModules })],
    },
    cjs: { entry: { ...library, ...program } },
  },
  platform: 'node',
  target: 'node20.19',
  dts: true,
  // Programs for an older target, whose library has no ErrorOptions, can read the types too.
  banner: { dts: '/// <reference lib="es2022.error" />' },
  // One file for the lock layer with all its rooms: each more costs an import a millisecond. Not for its types (`.d.ts`).
  outputOptions: {
    codeSplitting: {
      groups: [
        { name: 'lock', test: /src\/lock\/(?:[a-z]+\/)?[a-z-]+\.ts$/ },
        { name: 'stores', test: /src\/stores\/[a-z-]+\.ts$/ },
      ],
    },
  },
  checks: { legacyCjs: false },
  noExternal: isOf(bundled),
  inlineOnly: bundled,
  exports: {
    exclude: ['cli'],
    customExports: (exports) => ({ ...exports, './schema.json': './dist/schema.json' }),
  },
  hooks: {
    // For editors: `"$schema": "./node_modules/giveway/dist/schema.json"`.
    'build:done': () => {
      const schema = toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' });
      writeFileSync('dist/schema.json', `${JSON.stringify(schema, null, 2)}\n`);
      writeFileSync('dist/bundled-licenses.txt', licenses());
    },
  },
});
