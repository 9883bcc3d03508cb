/** What BullMQ's types hide and is needed here. By this `bullmq` itself need not be loaded; what another version of it lacks is missing. */

import type { Job } from 'bullmq';

interface JobInside {
  readonly constructor: { fromId?(queue: WorkerInside | undefined, id: string): Promise<Job | undefined> };
  /** Its worker. */
  readonly queue?: WorkerInside;
}

interface WorkerInside {
  readonly closing?: unknown;
  readonly closed?: boolean;
  readonly client?: Promise<Client>;
  readonly backend?: { readonly client?: Promise<Client>; readonly schema?: unknown };
  toKey?(type: string): string;
  on?(event: 'lockRenewalFailed', listener: (jobIds: readonly string[]) => void): unknown;
}

/** A connection to Redis: BullMQ 6 calls scripts by `runCommand`, 5 by their names. */
export interface Client {
  defineCommand?(name: string, definition: { readonly numberOfKeys: number; readonly lua: string }): void;
  runCommand?(name: string, args: ScriptArguments): Promise<unknown>;
}

export type ScriptArguments = readonly (string | number)[];

/** `undefined` in a sandbox, where a job is a copy. */
export function workerOf(job: Job): WorkerInside | undefined {
  return (job as unknown as JobInside).queue;
}

/** A job of the queue of `job`, as it is now. */
export async function jobBeside(job: Job, id: string): Promise<Job | undefined> {
  return (job as unknown as JobInside).constructor.fromId?.(workerOf(job), id);
}

export function runScript(client: Client, name: string, args: ScriptArguments): Promise<unknown> {
  if (client.runCommand !== undefined) return client.runCommand(name, args);
  const scripts = client as unknown as Record<string, (args: ScriptArguments) => Promise<unknown>>;
  return scripts[name]?.(args) ?? Promise.resolve();
}
