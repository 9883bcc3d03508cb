/**
 * Keeps one server and its directory for the demo, and clears both away when the demo is gone, however it went: also
 * after a kill -9. Forked by servers.ts, told what to run by message.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account, Command, ServerPlan } from './servers.ts';

const directory = mkdtempSync(join(tmpdir(), 'giveway-demo-'));
let running: ChildProcess | undefined;
let isOver = false;

function run({ program, args }: Command, account: Account | undefined): Promise<number | null> {
  return new Promise((resolve, reject) => {
    running = spawn(program, args, { cwd: directory, stdio: ['ignore', 'inherit', 'inherit'], ...account });
    running.once('error', reject).once('close', resolve);
  });
}

async function keep({ prepare, server }: ServerPlan, account: Account | undefined): Promise<void> {
  const failed = prepare !== undefined && (await run(prepare, account)) !== 0;
  if (!failed && !isOver) await run(server, account);
}

process.once('message', ({ account }: { account?: Account }) => {
  if (account !== undefined) chownSync(directory, account.uid, account.gid);
  process.send?.(directory);
  process.once('message', (plan: ServerPlan) => {
    keep(plan, account)
      .catch((error: Error) => process.stderr.write(error.message))
      .finally(() => process.exit());
  });
});
process.once('disconnect', () => {
  isOver = true;
  // QUIT is PostgreSQL's "immediate", and takes its children along.
  if (running === undefined || !running.kill('SIGQUIT')) process.exit();
});
process.once('exit', () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));
