import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { toJSONSchema } from 'zod/mini';
import { modules } from './modules.mjs';
import { fileSchema } from './src/config/schema.ts';

const library = Object.fromEntries(modules.filter(({ source }) => existsSync(source)).map(({ name, source }) => [name, source]));
const program = existsSync('src/cli/main.ts') ? { cli: 'src/cli/main.ts' } : {};

/** Bundled, and cut to what is used: a config is loaded, and a command started, in a third of the time. */
const bundled = ['zod', 'lilconfig', 'commander', 'croner'];
const licenses = (): string => bundled.map((name) => `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`).join('\n\n');

export default defineConfig({
  entry: library,
  // The program starts a fifth sooner as CommonJS.
  format: { esm: {}, cjs: { entry: { ...library, ...program } } },
  platform: 'node',
  target: 'node20.19',
  dts: true,
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
  noExternal: [/^zod/, 'lilconfig', 'commander', 'croner'],
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
