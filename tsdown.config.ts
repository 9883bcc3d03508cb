import { existsSync } from 'node:fs';
import { defineConfig } from 'tsdown';
import { modules } from './modules.mjs';

const library = Object.fromEntries(modules.filter(({ source }) => existsSync(source)).map(({ name, source }) => [name, source]));
const program = existsSync('src/cli/main.ts') ? { cli: 'src/cli/main.ts' } : {};

export default defineConfig({
  entry: library,
  format: { esm: { entry: { ...library, ...program } }, cjs: {} },
  platform: 'node',
  target: 'node20.19',
  dts: true,
  exports: {
    exclude: ['cli'],
    customExports: (exports) => ({ ...exports, './schema.json': './dist/schema.json' }),
  },
});
