import { existsSync, writeFileSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { toJSONSchema } from 'zod/mini';
import { modules } from './modules.mjs';
import { fileSchema } from './src/config/schema.ts';

const library = Object.fromEntries(modules.filter(({ source }) => existsSync(source)).map(({ name, source }) => [name, source]));
const program = existsSync('src/cli/main.ts') ? { cli: 'src/cli/main.ts' } : {};

export default defineConfig({
  entry: library,
  format: { esm: { entry: { ...library, ...program } }, cjs: {} },
  platform: 'node',
  target: 'node20.19',
  dts: true,
  checks: { legacyCjs: false },
  exports: {
    exclude: ['cli'],
    customExports: (exports) => ({ ...exports, './schema.json': './dist/schema.json' }),
  },
  hooks: {
    // For editors: `"$schema": "./node_modules/giveway/dist/schema.json"`.
    'build:done': () => {
      const schema = toJSONSchema(fileSchema, { io: 'input', unrepresentable: 'any' });
      writeFileSync('dist/schema.json', `${JSON.stringify(schema, null, 2)}\n`);
    },
  },
});
