import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack } from '../packaging/consumer.ts';
import startServices from '../support/global-setup.ts';

/** Beside the servers, the tarball that all install: the one that the variable names, else what the build left in dist. */
export default async function setup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-roles-'));
  process.env['GIVEWAY_TEST_TARBALL'] ||= pack(folder).file;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await startServices();
}
