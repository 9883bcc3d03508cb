import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import { checkFireName } from '../../jobs/fires.ts';
import { holdOf } from '../../jobs/once-per-fire.ts';
import { createLocker } from '../../lock/api/locker.ts';
import { InvalidOptionError } from '../../lock/errors.ts';
import type { LockScope } from '../../lock/options.ts';
import { shortly } from '../../observe/answers/shortly.ts';
import { durationBetween } from '../durations.ts';
import { exitCodes } from '../exit-codes.ts';
import { type JournalFlags, openJournal, withJournalFlag } from '../journal.ts';
import { type CommonFlags, openConfig } from '../open.ts';
import type { LockedRun } from '../run-under-lock.ts';
import type { Terminal } from '../terminal.ts';
import { exitCode, names, newCommand, nonEmpty, type Perform } from './grammar.ts';

interface RunFlags extends CommonFlags, JournalFlags {
  readonly write?: readonly string[];
  readonly append?: readonly string[];
  readonly read?: readonly string[];
  readonly oncePer?: number;
  readonly name?: string;
  readonly slotHold?: number;
  readonly wait?: number;
  readonly skip?: true;
  readonly ttl?: number;
  readonly maxHold?: number;
  readonly job?: string;
  readonly grace: number;
  readonly conflictExitCode?: number;
  readonly skipOk?: true;
  readonly onStoreDown?: 'run' | 'exit';
  readonly quiet?: true;
}

/** Where neither flags nor config say anything. */
export const runDefaults = { maxHoldMs: 3_600_000, onStoreDown: 'throw' } as const;

const longestWaitMs = 2 ** 31 - 1;
const dayMs = 86_400_000;

const examples = [
  ['giveway run --write events -- psql -f load.sql', 'skips, with exit code 75, while somebody writes to events'],
  ['giveway run --write visits --read events --wait 30s -- dbt run -s visits', 'waits up to 30 s for its turn'],
  ['giveway run --once-per 5m --name rollup -- ./rollup', 'in the crontabs of several hosts: one of them runs it each time'],
  ['giveway run --append events --skip-ok -- ./insert-batch', 'together with other appends; a skip counts as success'],
] as const;

export function runCommand(perform: Perform): Command {
  const command = newCommand('run', 'Runs a command while it holds its tables; without --wait it skips when one is busy.', examples)
    .argument('<command...>', 'best written after --')
    .option('--write <names>', 'tables that nobody else may write to, append to or depend on meanwhile', names)
    .option('--append <names>', 'tables it only inserts into, together with other appends', names)
    .option('--read <names>', 'tables that its writing depends on, together with other reads', names)
    .option('--once-per <period>', 'of all hosts whose crontabs start it every so often, one runs it', durationBetween(2_000, 365 * dayMs))
    .option('--name <name>', 'of what runs once per period, the same on every host', nonEmpty)
    .option(
      '--slot-hold <duration>',
      "more than the hosts' clocks are apart (default: 60s, at most half the period)",
      durationBetween(1_000, dayMs),
    )
    .addOption(new Option('--wait <duration>', 'wait for its turn').argParser(durationBetween(0, longestWaitMs)).conflicts('skip'))
    .option('--skip', 'do not wait (the default)')
    .option('--ttl <duration>', 'how long the lock outlives a crash of giveway', durationBetween(1_000, dayMs))
    .option('--max-hold <duration>', 'stop the command after so long (default: the config, else 1h)', durationBetween(1_000, 365 * dayMs))
    .option('--job <name>', "shown to others (default: the config's job, else the program's name)", nonEmpty)
    .addOption(
      new Option('--grace <duration>', 'between TERM and KILL when the lock is lost')
        .argParser(durationBetween(0, dayMs))
        .default(5_000, '5s'),
    )
    .option('-E, --conflict-exit-code <code>', `instead of ${exitCodes.busy} when a table is busy`, exitCode)
    .addOption(new Option('--skip-ok', 'exit 0 when a table is busy').conflicts('conflictExitCode'))
    .addOption(
      new Option('--on-store-down <what>', 'run unprotected, or exit 69 (default: the config, else exit)').choices(['run', 'exit']),
    )
    .option('-q, --quiet', 'do not say who is in the way')
    .option(
      '--journal-retention <duration>',
      'what GIVEWAY_JOURNAL names keeps so long (default: 7d)',
      durationBetween(60_000, 3_650 * dayMs),
    )
    .passThroughOptions()
    .addHelpText('after', codes)
    .action((command: string[], flags: RunFlags, self: Command) => {
      const problem = problemOf(flags);
      if (problem !== undefined) self.error(`error: ${problem}`);
      return perform((terminal) => run(terminal, command, flags));
    });
  return withJournalFlag(command);
}

const codes = `
Exit codes: the command's own (128+n for signal n), or
  64 wrong usage or config          75 busy (-E, --skip-ok)
  69 the store did not answer       76 the lock was lost, the command was stopped
  126, 127 the command could not be executed, or was not found`;

async function run(terminal: Terminal, command: readonly string[], flags: RunFlags): Promise<number> {
  const { runUnderLock } = await import('../run-under-lock.ts');
  const journal = await openJournal(terminal, flags);
  const { source: _, envName: __, store: setting, jobs: ___, ...settings } = await openConfig(terminal, flags);
  const store = await setting.open();
  return runUnderLock({
    terminal,
    locker: createLocker({ ...settings, store, closesStore: setting.closesStore }),
    journal,
    command,
    scope: locksTables(flags) ? scopeOf(flags) : undefined,
    fire: fireOf(flags),
    options: {
      // To wait for no time at all is not to wait.
      ...(flags.wait ? { onBusy: 'retry', retry: { maxWaitMs: flags.wait } } : { onBusy: 'skip' }),
      ...(flags.ttl === undefined ? {} : { ttlMs: flags.ttl }),
      ...(flags.maxHold === undefined ? {} : { maxHoldMs: flags.maxHold }),
      ...(flags.job === undefined ? {} : { job: flags.job }),
      ...(flags.onStoreDown === undefined ? {} : { onStoreDown: flags.onStoreDown === 'run' ? 'run' : 'throw' }),
    },
    defaults: { ...runDefaults, job: basename(command[0] ?? '') || 'giveway run' },
    excludesNobody: store.traits.name === 'memory',
    graceMs: flags.grace,
    busyCode: flags.skipOk ? exitCodes.ok : (flags.conflictExitCode ?? exitCodes.busy),
    isQuiet: flags.quiet ?? false,
    isJson: flags.json ?? false,
  });
}

function locksTables({ write, append, read }: RunFlags): boolean {
  return write !== undefined || append !== undefined || read !== undefined;
}

function problemOf(flags: RunFlags): string | undefined {
  const { oncePer, name, slotHold, wait, ttl, conflictExitCode, skipOk } = flags;
  if (oncePer === undefined && (name !== undefined || slotHold !== undefined)) return '--name and --slot-hold go with --once-per';
  if (oncePer !== undefined && name === undefined) return '--once-per needs a --name, the same on every host';
  if (locksTables(flags)) return undefined;
  if (oncePer === undefined) return 'name what to lock with --write, --append or --read, or what runs once with --once-per';
  const ofTables = { '--wait': wait, '--ttl': ttl, '--conflict-exit-code': conflictExitCode, '--skip-ok': skipOk };
  const [alone] = Object.entries(ofTables).find(([, value]) => value !== undefined) ?? [];
  return alone && `${alone} is about tables: name them with --write, --append or --read`;
}

function fireOf({ oncePer, name, slotHold }: RunFlags): LockedRun['fire'] {
  if (oncePer === undefined || name === undefined) return undefined;
  checkFireName(name);
  const longestMs = Math.floor(oncePer / 2);
  if (slotHold !== undefined && slotHold > longestMs)
    throw new InvalidOptionError('--slot-hold', shortly(slotHold), `at most ${shortly(longestMs)}, half of --once-per, is allowed`);
  return { name, holdMs: holdOf(oncePer, slotHold) };
}

function scopeOf({ write, append, read }: RunFlags): LockScope {
  return { ...(write && { writes: write }), ...(append && { appends: append }), ...(read && { reads: read }) };
}
