import { basename, join } from 'node:path';
import { run } from '../../packaging/consumer.ts';
import { loadTool, platformProgram } from '../tools.ts';

type Format = 'esm' | 'cjs';

/** One program to bundle, with all that it imports. */
interface Task {
  readonly entry: string;
  /** The project it stands in. */
  readonly project: string;
  readonly format: Format;
  /** The folder for what comes out: one file of the entry's name, perhaps others. */
  readonly out: string;
  /** Where a bundler leaves `import.meta.url` undefined in CommonJS, it is told to define it. */
  readonly definesUrl?: true;
  /** Packages that others ask for and can do without: left to the run time. */
  readonly leftOut: readonly string[];
}

export interface Bundler {
  readonly name: string;
  /** The packages of npm, the first of which names its version. */
  readonly packages: readonly string[];
  /** Resolves with the bundle's file; rejects with what the bundler said. Nothing is set but what every bundle for Node needs. */
  bundle(task: Task): Promise<string>;
}

const endings = { esm: '.mjs', cjs: '.cjs' } as const;
const fileOf = ({ entry, format, out }: Task): string => join(out, basename(entry).replace(/\.\w+$/, '') + endings[format]);

interface Esbuild {
  build(options: object): Promise<unknown>;
}

const fileUrl = "const fileUrl = require('node:url').pathToFileURL(__filename).href;";

const madeRequire = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

const esbuild: Bundler = {
  name: 'esbuild',
  packages: ['esbuild@0.28'],
  async bundle(task) {
    const { build } = loadTool('esbuild') as Esbuild;
    const file = fileOf(task);
    const { entry, format, definesUrl, leftOut } = task;
    const url = definesUrl && format === 'cjs' ? { define: { 'import.meta.url': 'fileUrl' }, banner: { js: fileUrl } } : {};
    const requires = leftOut.length > 0 && format === 'esm' ? { banner: { js: madeRequire } } : {};
    await build({
      entryPoints: [entry],
      outfile: file,
      bundle: true,
      platform: 'node',
      format,
      target: 'node20',
      logLevel: 'silent',
      external: leftOut,
      ...url,
      ...requires,
    });
    return file;
  },
};

interface Stats {
  hasErrors(): boolean;
  toString(options: object): string;
}
type Webpack = (options: object, done: (error: Error | null, stats?: Stats) => void) => void;

const webpack: Bundler = {
  name: 'webpack',
  packages: ['webpack@5'],
  bundle(task) {
    const file = fileOf(task);
    const options = {
      mode: 'production',
      target: 'node20',
      entry: task.entry,
      context: task.project,
      output: { path: task.out, filename: basename(file), ...(task.format === 'esm' && { module: true, chunkFormat: 'module' }) },
      // Reading them is for people, and writing them small would take the longest.
      optimization: { minimize: false },
      experiments: { outputModule: task.format === 'esm' },
      externalsType: 'node-commonjs',
      externals: task.leftOut,
    };
    return new Promise((resolve, reject) => {
      (loadTool('webpack') as Webpack)(options, (error, stats) => {
        if (error !== null) reject(error);
        else if (stats?.hasErrors()) reject(new Error(stats.toString({ all: false, errors: true })));
        else resolve(file);
      });
    });
  },
};

interface Rollup {
  rollup(options: object): Promise<{ write(options: object): Promise<unknown>; close(): Promise<void> }>;
}
type Plugin = (options?: object) => object;

const rollup: Bundler = {
  name: 'rollup',
  packages: ['rollup@4', '@rollup/plugin-node-resolve@16', '@rollup/plugin-commonjs', '@rollup/plugin-json@6'],
  async bundle(task) {
    const file = fileOf(task);
    const { nodeResolve } = loadTool('@rollup/plugin-node-resolve') as { nodeResolve: Plugin };
    const commonjs = loadTool('@rollup/plugin-commonjs') as Plugin;
    const json = loadTool('@rollup/plugin-json') as Plugin;
    const bundle = await (loadTool('rollup') as Rollup).rollup({
      input: task.entry,
      plugins: [nodeResolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs({ ignore: task.leftOut }), json()],
      onwarn: () => {},
    });
    const names = { entryFileNames: basename(file), chunkFileNames: `[name]-[hash]${endings[task.format]}` };
    await bundle.write({ dir: task.out, format: task.format, ...names });
    await bundle.close();
    return file;
  },
};

const bun: Bundler = {
  name: 'Bun',
  packages: ['bun@1'],
  async bundle(task) {
    const file = fileOf(task);
    const options = ['--target=node', `--format=${task.format}`, `--outfile=${file}`, ...task.leftOut.map((name) => `--external=${name}`)];
    run(task.project, platformProgram('@oven', 'bin/bun'), 'build', task.entry, ...options);
    return file;
  },
};

export const bundlers: readonly Bundler[] = [esbuild, webpack, rollup, bun];
