import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type InlineConfig } from 'tsdown';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles what a bench runs in processes of its own, and resolves to the folder. Inside the repository, so that the packages are
 * found from there.
 */
export async function buildBench(
  name: string,
  how: Pick<InlineConfig, 'entry' | 'format' | 'external' | 'unbundle' | 'tsconfig'>,
): Promise<string> {
  const outDir = join(root, '.giveway', `bench-${name}`);
  await build({ config: false, cwd: root, outDir, platform: 'node', target: 'node20.19', dts: false, logLevel: 'error', ...how });
  return outDir;
}

/** A worker's program as users run it: bundled, without a loader between. Resolves to where it is. */
export async function buildWorker(entry: `bench/${string}.ts`): Promise<URL> {
  const [, bench = '', program = ''] = /^bench\/(.*)\/(.*)\.ts$/.exec(entry) ?? [];
  const folder = await buildBench(`${bench}-${program}`, {
    entry: [entry],
    format: 'esm',
    external: ['ioredis', 'memjs', 'pg'],
    tsconfig: false,
  });
  return pathToFileURL(join(folder, `${program}.mjs`));
}
