/** Bundles each module by each bundler, with and without the optional packages, and runs what comes out where nothing is installed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { install, packageJson, run, type Tarball } from '../../packaging/consumer.ts';
import { memcachedServer } from '../../support/services.ts';
import type { Choice, Row } from '../table.ts';
import { installTools, toolVersion } from '../tools.ts';
import { type Bundler, bundlers } from './bundlers.ts';
import { entryOf, type Form, player } from './entries.ts';

const all: readonly string[] = Object.keys(packageJson.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => path.replace('.', 'giveway'));
/** What is hard for a bundler: dependencies in CommonJS, and each of the optional packages. */
const hard = ['giveway/memcached', 'giveway/config', 'giveway/warehouse'];
const forms: readonly Form[] = ['import → esm', 'import → cjs', 'require → cjs'];

/** Which modules, and in how many of the forms. */
function taskOf(bundler: Bundler, withPeers: boolean, quick: boolean): { modules: readonly string[]; forms: readonly Form[] } {
  if (!quick) return { modules: all, forms };
  if (bundler.name !== 'esbuild') return { modules: hard, forms: withPeers ? [] : forms.slice(0, 2) };
  return withPeers ? { modules: hard, forms: forms.slice(0, 1) } : { modules: all, forms: forms.slice(0, 2) };
}

/** node-cron's own modules look where they stand, also where they became CommonJS. */
const asksForUrl = (module: string): boolean => module === 'giveway/cron';

/** Nest looks for these, and goes on where they are not there. */
const leftOut = [
  'class-transformer',
  'class-transformer/storage',
  'class-validator',
  '@nestjs/microservices',
  '@nestjs/microservices/microservices-module',
  '@nestjs/platform-express',
  '@nestjs/websockets/socket-module',
];
const leftOutOf = (module: string): readonly string[] => (module === 'giveway/nestjs' ? leftOut : []);

/** What a module cannot do without: a bundler has to say that it is missing. */
const musts: Readonly<Record<string, string>> = { 'giveway/cron': 'node-cron', 'giveway/nestjs': '@nestjs/common' };

/** `quick`: every module by esbuild, which is fast, by the others those that are hard; and no more than a look at the optional packages. */
export async function bundlerRows(tarball: Tarball, { quick, isWanted, note }: Choice): Promise<readonly Row[]> {
  installTools(bundlers.flatMap(({ packages }) => packages));
  const server = await memcachedServer();
  const rows: Row[] = [];
  try {
    for (const withPeers of [false, true]) {
      const project = install(tarball);
      if (withPeers) for (const peer of Object.keys(packageJson.peerDependencies)) project.link(peer);
      try {
        for (const bundler of bundlers.filter(({ name }) => isWanted(name))) {
          const task = taskOf(bundler, withPeers, quick);
          for (const form of task.forms) {
            const bundled = await bundleAll(bundler, form, project.folder, task.modules);
            const row = rowOf(bundler, form, withPeers, play(bundled, server.url, withPeers));
            note(`${row.what}: ${row.result}`);
            rows.push(row);
          }
        }
      } finally {
        project.remove();
      }
    }
  } finally {
    await server.stop();
  }
  return rows;
}

/** A module as a bundle, or why it is none. */
interface Bundled {
  readonly module: string;
  readonly file?: string;
  readonly problem?: string;
}

async function bundleAll(bundler: Bundler, form: Form, project: string, names: readonly string[]): Promise<readonly Bundled[]> {
  const format = form.endsWith('esm') ? 'esm' : 'cjs';
  const folder = mkdtempSync(join(tmpdir(), 'giveway-bundles-'));
  const bundled: Bundled[] = [];
  for (const module of names) {
    const name = module.replace('/', '-');
    const entry = join(project, `${name}.${form.startsWith('import') ? 'mjs' : 'cjs'}`);
    writeFileSync(entry, entryOf(module, form));
    const out = join(folder, name);
    mkdirSync(out);
    try {
      bundled.push({
        module,
        file: await bundler.bundle({
          ...{ entry, project, format, out, leftOut: leftOutOf(module) },
          ...(asksForUrl(module) && { definesUrl: true }),
        }),
      });
    } catch (error) {
      bundled.push({ module, problem: (error as Error).message });
    }
  }
  return bundled;
}

/** Runs the bundles outside of any project, with a config file beside them, and deletes them. */
function play(bundled: readonly Bundled[], servers: string, withPeers: boolean): readonly Bundled[] {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-lambda-'));
  writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: `memcached://${servers}` }));
  writeFileSync(join(folder, 'player.mjs'), player);
  const files = bundled.flatMap(({ file }) => file ?? []);
  const variables = [`MEMCACHED_SERVERS=${servers}`, ...(withPeers ? ['WITH_PEERS=1'] : [])];
  try {
    const said = run(folder, 'env', ...variables, process.execPath, 'player.mjs', ...files);
    const problems = new Map(
      said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { file: string; problem?: string })
        .map(({ file, problem }) => [file, problem]),
    );
    return bundled.map((each) => {
      const problem = each.file === undefined ? each.problem : problems.has(each.file) ? problems.get(each.file) : 'it was not run';
      return problem === undefined ? each : { ...each, problem };
    });
  } finally {
    for (const path of [folder, ...files.map((file) => join(file, '../..'))]) rmSync(path, { recursive: true, force: true });
  }
}

function rowOf({ name, packages: [first = ''] }: Bundler, form: Form, withPeers: boolean, played: readonly Bundled[]): Row {
  const named = ({ module, problem }: Bundled): boolean => !withPeers && musts[module] !== undefined && !!problem?.includes(musts[module]);
  const failed = played.filter((each) => each.problem !== undefined && !named(each));
  const missing = played.filter((each) => each.problem !== undefined && named(each));
  const notes = [
    ...missing.map(({ module }) => `${module} asks for ${musts[module]}`),
    ...failed.map(({ module, problem }) => `${module}: ${problem?.slice(0, 600)}`),
  ];
  return {
    what: `${name} ${toolVersion(first.replace(/@[^@]*$/, ''))}, ${form}, ${withPeers ? 'with' : 'without'} the optional packages`,
    result: `${played.length - failed.length - missing.length} of ${played.length} modules run`,
    passed: failed.length === 0,
    notes,
  };
}
