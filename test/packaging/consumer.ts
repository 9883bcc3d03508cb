import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The repository: npm runs its scripts there. */
export const root: string = process.cwd();

export interface PackageJson {
  readonly version: string;
  readonly exports: Record<string, unknown>;
  readonly dependencies: Record<string, string>;
  readonly peerDependencies: Record<string, string>;
}

export const packageJson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as PackageJson;

/** What `npm publish` would send. */
export interface Tarball {
  readonly file: string;
  readonly contents: readonly string[];
}

/** Packs what the build left in dist. */
export function pack(into: string): Tarball {
  const [packed] = JSON.parse(run(root, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', into)) as [
    { filename: string; files: { path: string }[] },
  ];
  return { file: join(into, packed.filename), contents: packed.files.map(({ path }) => path) };
}

/** A project that has installed the tarball, and none of its peers. */
export interface Consumer {
  readonly folder: string;
  /** Runs a program in the project and returns what it prints. Throws, with its output, when it fails. */
  run(program: string, ...args: string[]): string;
  write(name: string, content: string): string;
  /** Puts a package of this repository into the project, so that nothing has to be fetched. */
  link(name: string): void;
  remove(): void;
}

export function install(tarball: Tarball): Consumer {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-consumer-'));
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  write('package.json', JSON.stringify({ name: 'consumer', version: '1.0.0', private: true }));
  run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', tarball.file);
  return {
    folder,
    write,
    run: (program, ...args) => run(folder, program, ...args),
    link: (name) => {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      rmSync(link, { recursive: true, force: true });
      symlinkSync(join(root, 'node_modules', name), link);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs `program`, also one of this repository's own tools, and returns its output. */
export function run(folder: string, program: string, ...args: string[]): string {
  const path = `${join(root, 'node_modules/.bin')}:${process.env.PATH}`;
  try {
    return execFileSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: path },
    });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}\n${stderr}`);
  }
}
