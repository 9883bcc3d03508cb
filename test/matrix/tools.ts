import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root, run } from '../packaging/consumer.ts';
import { mayInstall } from '../support/programs.ts';

/** What the matrices need beside the packages of this repository. `npm ci` deletes the folder. */
const folder = join(root, 'node_modules/.cache/giveway-matrix');

/** A package of the tools that somebody has to ask for. */
class ToolMissingError extends Error {
  override readonly name = 'ToolMissingError';
}

/** Installs packages, such as `webpack@5`, unless they are there. Nothing is installed unasked: throws what would do it. */
export function installTools(packages: readonly string[]): void {
  const missing = packages.filter((spec) => !existsSync(toolFolder(nameOf(spec))));
  if (missing.length === 0) return;
  if (!mayInstall()) throw new ToolMissingError(`${missing.join(', ')}: not installed; GIVEWAY_INSTALL=1 installs them`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
  // Their binaries come as packages: the scripts would only link them.
  run(folder, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...missing);
}

export function toolFolder(name: string): string {
  return join(folder, 'node_modules', name);
}

export function toolVersion(name: string): string {
  return (loadTool(`${name}/package.json`) as { version: string }).version;
}

export function loadTool(name: string): unknown {
  return createRequire(join(folder, 'package.json'))(name);
}

/** The program in a package for this platform, such as `@oven/bun-linux-x64`: `@oven`, `bin/bun`. */
export function platformProgram(owner: string, path: string): string {
  const packages = existsSync(toolFolder(owner)) ? readdirSync(toolFolder(owner)) : [];
  const found = packages.map((name) => join(toolFolder(owner), name, path)).find((file) => existsSync(file));
  if (found === undefined) throw new ToolMissingError(`${owner}: npm has no package of it for ${process.platform}-${process.arch}`);
  chmodSync(found, 0o755);
  return found;
}

function nameOf(spec: string): string {
  const at = spec.indexOf('@', 1);
  return at > 0 ? spec.slice(0, at) : spec;
}

/** Runs a matrix and exits with what it resolves to. */
export function exitWith(main: () => Promise<number>): void {
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof ToolMissingError ? error.message : String((error as Error).stack)}\n`);
      process.exit(1);
    },
  );
}
