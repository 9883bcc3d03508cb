/** The package as it was at some commit, built and packed from this repository's history: for workers that run beside those of now. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Commits of the releases that have no tag. */
const releases: Readonly<Record<string, string>> = { '0.1.0': 'e95eaf86dcdb6a244459cbc72f20485910089c18' };

/** Below the installed packages, where what it imports is found; gone with them at the next `npm ci`. */
const keptIn = 'node_modules/.cache/giveway-packed';

/** This repository has no such commit. */
export class NoSuchCommitError extends Error {
  override readonly name = 'NoSuchCommitError';
}

/**
 * The folder of the package of a release, a tag, or any commit. Called from the top of the repository. The first time it takes
 * some seconds; it needs git, tar and what `npm ci` installed, and no network. Throws `NoSuchCommitError`.
 */
export async function packedAt(version: string): Promise<string> {
  const commit = await commitOf(version);
  const folder = resolve(keptIn, commit);
  if (!existsSync(folder)) await pack(commit, folder);
  return folder;
}

async function commitOf(version: string): Promise<string> {
  const revision = `${releases[version] ?? version}^{commit}`;
  const found = await run('git', ['rev-parse', '--verify', '--quiet', '--end-of-options', revision]).catch(() => undefined);
  if (found !== undefined) return found.stdout.trim();
  throw new NoSuchCommitError(
    `This repository has no commit for ${JSON.stringify(version)}; ${Object.keys(releases).join(', ')}, and its commits, tags and branches ` +
      'are allowed. A shallow clone lacks most of them: git fetch --unshallow',
  );
}

async function pack(commit: string, folder: string): Promise<void> {
  const source = await mkdtemp(join(tmpdir(), 'giveway-source-'));
  await mkdir(dirname(folder), { recursive: true });
  const unpacked = await mkdtemp(`${folder}-`);
  try {
    await run('git', ['archive', '--format=tar', '--output', join(source, 'source.tar'), commit]);
    await run('tar', ['-xf', 'source.tar'], { cwd: source });
    await symlink(resolve('node_modules'), join(source, 'node_modules'));
    await run('npm', ['run', 'build'], { cwd: source });
    await run('npm', ['pack', '--ignore-scripts', '--offline'], { cwd: source });
    const tarball = (await readdir(source)).find((name) => name.endsWith('.tgz')) as string;
    await run('tar', ['-xzf', join(source, tarball), '-C', unpacked, '--strip-components', '1']);
    await rename(unpacked, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error; // else another run was faster
    });
  } finally {
    await Promise.all([source, unpacked].map((each) => rm(each, { recursive: true, force: true })));
  }
}
