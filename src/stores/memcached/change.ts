import { leftMs } from './call.ts';
import type { Connection } from './connection.ts';
import { ask, connected, pauseAfter, type Task } from './exchange.ts';
import { type Fault, failed, noAnswer, noCas, noRoom, unavailable } from './fault.ts';
import { afterLook, afterReply, type Change } from './outcome.ts';
import type { Request } from './request.ts';

/** A version number and the connection on which it means something. */
export interface Footing {
  readonly cas: bigint;
  readonly epoch: symbol;
}

/** What is under a key; `value` is `undefined` when nothing is. */
export interface Sight extends Footing {
  readonly value: string | undefined;
}

/** One write: the step it makes, and the request that makes it from a given CAS number. */
export interface Write extends Change {
  readonly request: (cas: bigint) => Request;
  /** Asked before the request is sent on a connection. A fault bars it. */
  readonly admit?: ((connection: Connection, task: Task) => Promise<Fault | undefined>) | undefined;
}

/** Reads the key; after a fault again, until the call is over. */
export async function look(task: Task): Promise<Sight> {
  for (;;) {
    const connection = await connected(task);
    const reply = await ask(task, connection, { command: 'get', key: task.key });
    if (reply === undefined) continue;
    if (reply.status === 'notFound') return { cas: 0n, epoch: connection.epoch, value: undefined };
    if (reply.status !== 'ok') throw unavailable(task.link, failed(reply));
    if (reply.cas === 0n) throw unavailable(task.link, noCas());
    return { cas: reply.cas, epoch: connection.epoch, value: reply.value };
  }
}

/**
 * Makes one write, from `start` on; normally that is one request. When its reply is lost, or `start` belongs to another
 * connection, the key is read and the value compared, and the CAS number found there makes the next try as safe as the
 * first. `undefined`: something else is there, or nothing.
 */
export async function change(task: Task, write: Write, start?: Footing): Promise<Footing | undefined> {
  let footing = start;
  let inDoubt = false;
  let mustLook = false;
  let isUnstored = false;
  for (;;) {
    if (mustLook) {
      if (leftMs(task.call) <= 0) throw unavailable(task.link, noAnswer(task.call.timeoutMs));
      const sight = await look(task);
      const next = afterLook(sight.value, write, inDoubt);
      if (next !== 'write') return next === 'done' ? sight : undefined;
      if (isUnstored) throw unavailable(task.link, noRoom(Buffer.byteLength(write.to ?? '')));
      footing = sight;
      mustLook = false;
    }
    const connection = task.link.open ?? (await connected(task));
    if (write.from !== undefined && footing?.epoch !== connection.epoch) {
      mustLook = true;
      continue;
    }
    const bar = write.admit && (await write.admit(connection, task));
    if (bar !== undefined) {
      await pauseAfter(bar, task);
      continue;
    }
    const reply = await ask(task, connection, write.request(footing?.cas ?? 0n));
    if (reply === undefined) {
      inDoubt = true;
      continue; // on another connection, so that a replace or remove looks first; a second ADD is told "exists" by the first
    }
    const next = afterReply(reply.status, inDoubt);
    if (next === 'failed') throw unavailable(task.link, failed(reply));
    if (next === 'refused') return undefined;
    isUnstored = reply.status === 'notStored';
    if (next === 'look') mustLook = true;
    else if (reply.cas === 0n && write.to !== undefined) return withdraw(task, connection, write.to);
    else return { cas: reply.cas, epoch: connection.epoch };
  }
}

/**
 * The server has stored our value and given no CAS number: nothing there can be released safely. Takes it back, so that
 * the next locker meets the same refusal and not a stranger's lock. A delete without CAS is not atomic, but no giveway
 * holds a lock on such a server, so there is none that it could hit.
 */
async function withdraw(task: Task, connection: Connection, value: string): Promise<never> {
  const reply = await ask(task, connection, { command: 'get', key: task.key });
  const isOurs = reply?.status === 'ok' && reply.cas === 0n && reply.value === value;
  if (isOurs) await ask(task, connection, { command: 'delete', key: task.key, cas: 0n });
  throw unavailable(task.link, noCas());
}
