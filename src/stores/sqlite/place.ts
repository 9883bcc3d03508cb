import { type BigIntStats, existsSync, mkdirSync, statfsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { StoreUnavailableError } from '../../lock/errors.ts';

/**
 * File systems that several hosts can share, by the numbers of Linux (`linux/magic.h` and statfs(2)). Their locks do not reach other
 * hosts, or not reliably, and memory that is mapped there does not at all: SQLite's log depends on both. FUSE may be one
 * (sshfs, a folder shared into a virtual machine), and cannot be told apart.
 */
const sharedFileSystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'a shared folder of VirtualBox'],
  [0x65735546, 'FUSE'],
]);

/** Its name; `undefined` for one that belongs to this host alone, as far as the number tells. */
export function sharedFileSystem(type: number): string | undefined {
  return sharedFileSystems.get(type);
}

/** Where programs of this user keep what must outlive a restart. Not with temporary files, which others delete. */
export function defaultFile(): string {
  const { LOCALAPPDATA, XDG_STATE_HOME } = process.env;
  const state = process.platform === 'win32' ? LOCALAPPDATA : XDG_STATE_HOME;
  return join(state || join(homedir(), '.local', 'state'), 'giveway', 'locks.db');
}

/** Refuses a folder that is not there, and a file that other hosts may see too. On Linux alone the kind of file system can be told. */
export function checkPlace(file: string): void {
  const folder = dirname(file);
  if (file === defaultFile()) makeFolder(folder);
  if (!existsSync(folder)) throw setup(`The folder ${folder} is not there: make it, or name another file`);
  const shared = process.platform === 'linux' ? sharedFileSystem(statfsSync(existsSync(file) ? file : folder).type) : undefined;
  if (shared !== undefined) {
    throw setup(
      `${file} is on ${shared}, which other hosts may share: locks there hold on one host alone. Name a file on a disk of this host`,
    );
  }
}

/** Of the default file, for this user alone. Any other is somebody's to make. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw setup(`The folder ${folder} cannot be made: ${(cause as Error).message}. Name a file`, cause);
  }
}

/** What tells a file from another one under the same name; `undefined`: there is none. */
export function identityOf(file: string): string | undefined {
  const stats: BigIntStats | undefined = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

function setup(message: string, cause?: unknown): StoreUnavailableError {
  return new StoreUnavailableError(message, { cause, code: 'ERR_GIVEWAY_STORE_SETUP' });
}
