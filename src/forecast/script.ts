import { readCron } from './cron.ts';
import { type ChangedFire, firesBetween } from './fires.ts';
import type { Job } from './jobs.ts';

/** What is played: the jobs, and when each of them fires. The same for every play. */
export interface Script {
  readonly fromMs: number;
  readonly toMs: number;
  readonly jobs: readonly Job[];
  /** Of each job, and one fire past the end; none for a job without a schedule. */
  readonly fires: readonly (readonly number[])[];
  /** The fires of all, moment by moment; a job as often as it has instances. */
  readonly moments: readonly Moment[];
  readonly changed: readonly (ChangedFire & { readonly job: string })[];
}

interface Moment {
  readonly atMs: number;
  readonly due: readonly { readonly job: number; readonly host: string; readonly nextMs: number }[];
}

/** For the end of the last wait: no schedule that is worth a forecast fires less often than every other week. */
const pastEndMs = 14 * 86_400_000;

export function scriptOf(jobs: readonly Job[], fromMs: number, toMs: number): Script {
  const changed: (ChangedFire & { readonly job: string })[] = [];
  const fires = jobs.map(({ name, rhythm }) => {
    if (!('cron' in rhythm)) return [];
    const times = readCron(rhythm.cron);
    const within = firesBetween(times, rhythm.timezone, fromMs, toMs);
    changed.push(...within.changed.map((fire) => ({ job: name, ...fire })));
    const [next] = within.timesMs.length === 0 ? [] : firesBetween(times, rhythm.timezone, toMs, toMs + pastEndMs).timesMs;
    return [...within.timesMs, ...(next === undefined ? [] : [next])];
  });
  return { fromMs, toMs, jobs, fires, moments: momentsOf(jobs, fires, toMs), changed };
}

/** The fires of one job before the end. */
export function firesOf({ fires, toMs }: Script, job: number): readonly number[] {
  const all = fires[job] as readonly number[];
  return all.length > 0 && (all.at(-1) as number) >= toMs ? all.slice(0, -1) : all;
}

/** Each instance is a host of its own. */
export function hostOf(name: string, instance: number): string {
  return `${name} ${instance}`;
}

function momentsOf(jobs: readonly Job[], fires: Script['fires'], toMs: number): readonly Moment[] {
  const moments = new Map<number, Moment['due'][number][]>();
  for (const [job, { name, instances }] of jobs.entries()) {
    const hosts = Array.from({ length: instances }, (_, instance) => hostOf(name, instance));
    const times = fires[job] as readonly number[];
    for (const [index, atMs] of times.entries()) {
      if (atMs >= toMs) continue;
      const due = moments.get(atMs) ?? [];
      moments.set(atMs, due);
      const nextMs = times[index + 1] ?? Number.POSITIVE_INFINITY;
      due.push(...hosts.map((host) => ({ job, host, nextMs })));
    }
  }
  return [...moments].map(([atMs, due]) => ({ atMs, due })).sort((a, b) => a.atMs - b.atMs);
}
