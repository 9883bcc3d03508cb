import type { KnipConfig } from 'knip';
import { modules } from './modules.mjs';

const config: KnipConfig = {
  entry: [
    ...modules.map(({ source }) => `${source}!`),
    'src/cli/main.ts!',
    'demo/main.ts',
    'examples/**/*.ts',
    'test/**/*.test.ts',
    'test/types/**/*.test-d.ts',
    'test/faults/main.ts',
    'bench/warehouse/main.ts',
    '.ci/*.mjs',
  ],
  project: ['src/**/*.ts!', 'test/**/*.ts', 'demo/**/*.ts', 'examples/**/*.ts', '*.{ts,mjs}'],
};

export default config;
