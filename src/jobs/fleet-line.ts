/**
 * Each process knows the jobs it has put off itself. Where the queue lives in Redis, all of them stand there beside it too, in order, so that
 * whoever lets go of a table wakes the one whose turn it is in the whole fleet, and two who see it free do not wake two.
 */

import type { Job } from 'bullmq';
import type { Skipped } from '../lock/api/refusal.ts';
import type { Mode } from '../lock/holder.ts';
import { type Client, runScript, type ScriptArguments, workerOf } from './bullmq-inside.ts';
import { answerOf, siblingOf } from './recall.ts';
import { goTogether, type PutAside, rankOf } from './turns.ts';

/** A job that was woken starts within some milliseconds where a slot is free. Where the process that has it stands still, others see to the table. */
const turnMs = 200;

/** Nobody looks for a job long after it came by itself. */
const keptAfterMs = 60_000;

/** The jobs that wait for one table in one queue. */
export interface FleetLine {
  /** What is told of it elsewhere than where it was put off. */
  readonly refused: Skipped;
  /** `job` was put off, until `job.delay` is over. */
  add(job: Job, mode: Mode): Promise<unknown>;
  /**
   * Who goes now is taken out; without `ids` nobody is there. `undefined`: another one has the turn, which is given `anew` where the table
   * was let go, or the first does not go with who has the table.
   * `held`: the mode of whoever has the table, and nobody goes before the first.
   */
  take(held: Mode | undefined, anew: boolean): Promise<{ readonly mode: Mode; readonly ids: readonly string[] } | undefined>;
}

/** Whoever stands further back comes at its own time. */
const jobsKept = 4_096;

/** A member is the rank, the mode and the id. As which start and with which delay a job was put off stands in the job: later that is not so. */
const add = `
if redis.call('exists', ARGV[3]) == 0 then return end
redis.call('hset', ARGV[3], 'giveway', ARGV[4])
redis.call('zadd', KEYS[1], 0, ARGV[1])
if redis.call('zcard', KEYS[1]) > ${jobsKept} then redis.call('zremrangebyrank', KEYS[1], -1, -1) end
if redis.call('pttl', KEYS[1]) < tonumber(ARGV[2]) then redis.call('pexpire', KEYS[1], ARGV[2]) end`;

const take = `
if ARGV[3] == '0' and redis.call('exists', KEYS[2]) == 1 then return false end
local mode
local going = {''}
while #going <= 100 do
  local first = redis.call('zrange', KEYS[1], 0, 0)[1]
  if not first then break end
  local wants, id = string.match(first, '^%S+ (%a+) (.*)$')
  local now = redis.call('hmget', ARGV[1] .. id, 'ats', 'delay', 'giveway')
  local isThere = now[1] and now[2] and now[3] == now[1] .. ' ' .. now[2] and redis.call('zscore', KEYS[3], id)
  if isThere and not mode and ARGV[2] ~= '' and wants ~= ARGV[2] then return false end
  if isThere and mode and (wants ~= mode or mode == 'write') then break end
  redis.call('zrem', KEYS[1], first)
  if isThere then
    mode = wants
    going[#going + 1] = id
  end
end
if mode then
  going[1] = mode
  redis.call('set', KEYS[2], going[2], 'px', ARGV[4])
end
return going`;

const scripts = {
  givewayPutOff: { numberOfKeys: 1, lua: add },
  givewayTake: { numberOfKeys: 3, lua: take },
} as const;

/** `undefined`: the queue does not live in Redis. */
export async function fleetLineOf(job: Job, resource: string): Promise<FleetLine | undefined> {
  const worker = workerOf(job);
  const client = await answerOf(async () => worker?.backend?.client ?? worker?.client);
  if (typeof client?.defineCommand !== 'function' || typeof worker?.toKey !== 'function') return undefined;
  const toKey = (type: string): string => worker.toKey?.(type) ?? '';
  const run = (name: keyof typeof scripts, ...args: ScriptArguments): Promise<unknown> => answerOf(() => call(client, name, args));
  const line = toKey(`giveway:${resource}`);
  return {
    refused: { status: 'skipped', reason: 'busy', resource, holders: [], waitedMs: 0 },
    add: (put, mode) => {
      const mark = `${put.attemptsStarted} ${put.delay}`;
      return run('givewayPutOff', line, `${rankOf(put)} ${mode} ${put.id}`, put.delay + keptAfterMs, toKey(String(put.id)), mark);
    },
    async take(held, anew) {
      const taken = await run('givewayTake', line, `${line}:turn`, toKey('delayed'), toKey(''), held ?? '', anew ? 1 : 0, turnMs);
      if (!Array.isArray(taken)) return undefined;
      const [mode, ...ids] = taken.map(String);
      return { mode: mode as Mode, ids };
    },
  };
}

/**
 * Those in the queue of `last` whose turn it is, while the table is `held` in these modes, wherever they were put off; `known` are those that
 * were put off here. `undefined`: nobody's, now.
 */
export async function takeFrom(
  fleet: FleetLine,
  known: readonly PutAside[],
  last: Job,
  held: readonly Mode[],
  anew: boolean,
): Promise<readonly PutAside[] | undefined> {
  const [shared] = held;
  if (held.some((mode) => !goTogether(mode, shared ?? mode))) return undefined;
  await answerOf(() => Promise.allSettled(known.map(({ moving }) => moving)));
  const taken = await fleet.take(shared, anew);
  if (taken === undefined) return undefined;
  const found = taken.ids.map(async (id) => {
    const here = known.find(({ job }) => job.id === id);
    const job = here === undefined ? await siblingOf(last, id) : undefined;
    return here ?? (job && { job, mode: taken.mode, refused: fleet.refused, moving: Promise.resolve() });
  });
  return (await Promise.all(found)).filter((each) => each !== undefined);
}

const prepared = new WeakSet<Client>();

function call(client: Client, name: keyof typeof scripts, args: ScriptArguments): Promise<unknown> {
  if (!prepared.has(client)) for (const [each, script] of Object.entries(scripts)) client.defineCommand?.(each, script);
  prepared.add(client);
  return runScript(client, name, args);
}
