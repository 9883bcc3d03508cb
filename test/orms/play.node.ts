/**
 * Plays one program of docs/orms.md, beside its `locks.ts` in the working directory: under its lock, through a conflict with a stranger who takes
 * none, skipping while somebody else holds the table, reading meanwhile, and writing by the guard. Prints what was seen, as JSON.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import pg from 'pg';
import { createLocker, type LockScope, type ResourceLocker } from '../../src/index.ts';
import { postgresStore } from '../../src/stores/postgres/index.ts';

interface Program {
  countUp(onBusy?: 'retry' | 'skip'): Promise<unknown>;
  read(): PromiseLike<readonly unknown[]>;
  write?(): PromiseLike<unknown>;
  cancelled?(): Promise<unknown>;
  close(): Promise<unknown>;
}

const load = <T>(file: string): Promise<T> => import(pathToFileURL(join(process.cwd(), file)).href) as Promise<T>;
const { locker, url } = await load<{ locker: ResourceLocker; scope: LockScope; url: string }>('locks.ts');
const program = await load<Program>(process.argv[2] ?? '');

let told: string[] = [];
locker.on('acquired', ({ scope }) => told.push(`lock ${scope.writes} ${scope.appends}${scope.reads}`.trim()));
locker.on('conflict', ({ code, attempt }) => told.push(`conflict ${code} ${attempt}`));
locker.on('released', () => told.push('unlock'));
/** What `work` comes to, and what the locker told meanwhile. */
async function seen(work: () => PromiseLike<unknown>): Promise<unknown[]> {
  told = [];
  const value = await work();
  return [value, ...told];
}

const stranger = new pg.Client({ connectionString: url });
const watcher = new pg.Client({ connectionString: url });
const other = createLocker({ store: postgresStore({ connectionString: url }), closesStore: true, job: 'rewrite' });
await Promise.all([stranger.connect(), watcher.connect()]);

/** A row that the program has read is changed before it writes it. */
async function throughConflict(): Promise<unknown> {
  await stranger.query('begin');
  await stranger.query('update totals set n = n + 10 where day = 1');
  const counting = program.countUp();
  const { rows } = await stranger.query<{ pid: number }>('select pg_backend_pid() as pid');
  for (;;) {
    const waiting = await watcher.query('select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [rows[0]?.pid]);
    if (waiting.rowCount !== 0) break;
  }
  await stranger.query('commit');
  return counting;
}

await watcher.query('update totals set n = 0');
const alone = await seen(() => program.countUp());
const conflict = await seen(throughConflict);
const lock = await other.lock('totals');
const skipped = await seen(async () => {
  const { status, reason, holders } = (await program.countUp('skip')) as { status: string; reason: string; holders: { job?: string }[] };
  return `${status} ${reason} ${holders[0]?.job}`;
});
const reading = await seen(async () => (await program.read()).length);
await lock.unlock();
const write = program.write && (await seen(async () => void (await program.write?.())));
const cancelled = program.cancelled && (await seen(program.cancelled));
await program.close();
await Promise.all([stranger.end(), watcher.end(), other.close(), locker.close()]);
console.log(JSON.stringify({ alone, conflict, skipped, reading, write, cancelled }));
