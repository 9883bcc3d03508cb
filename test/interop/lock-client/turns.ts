/** Java and Node processes that take turns under one key, and are killed: who overlapped, what was lost, how long one waited. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { startJava } from './peer.ts';

/** Longer than an idle machine needs for a turn by a factor of a hundred: a turn that outlives it is late, not an overlap. */
const leaseMs = 2_000;

export interface TurnsOptions {
  readonly endpoint: string;
  readonly tableName: string;
  readonly turns: number;
  readonly kills: number;
}

export interface TurnsReport {
  readonly turns: number;
  readonly javaTurns: number;
  readonly kills: number;
  /** Two were inside at once, and neither had outlived its lease. */
  readonly overlaps: number;
  /** Turns that outlived their lease, on a machine that was too slow. */
  readonly late: number;
  /** Turns that counted on from where another had counted on: what that one wrote was lost. */
  readonly lost: number;
  readonly longestWaitMs: number;
  /** What the counter said last; between the turns that were told and as many more as were killed untold. */
  readonly count: number;
}

interface Worker {
  readonly child: ChildProcess;
  readonly name: string;
}

export async function takeTurns({ endpoint, tableName, turns, kills }: TurnsOptions): Promise<TurnsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'giveway-turns-'));
  const inside = join(folder, 'inside');
  const killed = new Set<string>();
  const meetings: { readonly who: string; readonly met: string }[] = [];
  const heldMs = new Map<string, number>();
  const counted = new Set<string>();
  let told = 0;
  let javaTurns = 0;
  let lost = 0;
  let count = 0;
  let longestWaitMs = 0;
  let started = 0;
  let changed = (): void => {};

  function hear(line: string): void {
    const [what, who = '', third = '', released, waitMs, held] = line.split('\t');
    if (what === 'met') meetings.push({ who, met: third });
    if (what !== 'turn') return;
    told += 1;
    if (who.startsWith('java')) javaTurns += 1;
    heldMs.set(who, Number(held));
    if (released === 'true') {
      if (counted.has(third)) lost += 1;
      counted.add(third);
      count = Math.max(count, Number(third) + 1);
    }
    longestWaitMs = Math.max(longestWaitMs, Number(waitMs));
    changed();
  }

  function start(kind: 'java' | 'node'): Worker {
    const name = `${kind}-${started++}`;
    const script = [resolve('test/interop/lock-client/turns.node.ts'), endpoint, tableName, name, String(leaseMs), inside];
    const child =
      kind === 'java'
        ? startJava('Turns', { endpoint, tableName, ownerName: name, leaseMs }, inside)
        : spawn(process.execPath, ['--import', 'tsx', ...script], {
            env: { ...process.env, NODE_OPTIONS: '' },
            stdio: ['ignore', 'pipe', 'inherit'],
          });
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', hear);
    return { child, name };
  }

  async function kill({ child, name }: Worker): Promise<void> {
    killed.add(name);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  const workers = [start('java'), start('node'), start('java'), start('node')];
  for (let kills_ = 1; kills_ <= kills + 1; kills_++) {
    const enough = (turns * kills_) / (kills + 1);
    while (told < enough)
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    if (kills_ > kills) break;
    const victim = workers.shift() as Worker;
    await kill(victim);
    workers.push(start(victim.name.startsWith('java') ? 'java' : 'node'));
  }
  await Promise.all(workers.map(kill));
  rmSync(folder, { recursive: true });

  const isLate = (turn: string): boolean => (heldMs.get(turn) ?? 0) >= leaseMs;
  const wasKilled = (turn: string): boolean => !heldMs.has(turn) && killed.has(turn.split(' ')[0] ?? '');
  const overlaps = meetings.filter(({ who, met }) => met !== who && !isLate(met) && !wasKilled(met)).length;
  const late = [...heldMs.keys()].filter(isLate).length;
  return { turns: told, javaTurns, kills, overlaps, late, lost, longestWaitMs, count };
}
