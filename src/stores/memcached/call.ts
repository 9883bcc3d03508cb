import type { Version } from '../../lock/store.ts';
import type { Breaker } from '../breaker.ts';
import { attemptMs, leftMs } from './call-time.ts';
import type { Asker, Connection } from './connection.ts';
import { type Fault, failed, noAnswer, noCas, noRoom, noUptime, unavailable } from './fault.ts';
import type { Link } from './link.ts';
import { afterLook, afterReply, type Change } from './outcome.ts';
import type { Quarantine } from './quarantine.ts';
import type { Reply, Request } from './request.ts';

/** A version number and the connection on which it means something. */
export interface Footing extends Version {
  readonly cas: bigint;
  readonly epoch: symbol;
}

/** What is under a key; `value` is `undefined` when nothing is. */
export interface Sight extends Footing {
  readonly value: string | undefined;
}

/** One write: the step it makes, and how to ask for it. */
export interface Write extends Change, Pick<Request, 'exptime'> {
  readonly command: 'add' | 'replace' | 'append' | 'delete';
  /** What is sent: of an append the new text alone. */
  readonly text: string;
  /** May bar it on a connection. */
  readonly quarantine?: Quarantine | undefined;
}

/** What a call is about, and who is told how it ended. */
export interface Task {
  readonly link: Link;
  readonly key: string;
  readonly timeoutMs: number;
  /** `undefined`: a look at the key is all that is wanted. */
  readonly write: Write | undefined;
  /** Where the write may start from; else the key is looked at first. */
  readonly start: Footing | undefined;
  readonly breaker: Breaker | undefined;
  /** The state that was seen or made. `undefined`: the write was refused, because something else is there, or nothing. */
  readonly resolve: (state: Sight | undefined) => void;
  readonly reject: (error: unknown) => void;
}

export function begin(task: Task): void {
  const nowMs = performance.now();
  new Call(task, nowMs).proceed(nowMs);
}

/** What a call waits for: a connection, or the reply to … */
type Stage = 'connecting' | 'looking' | 'writing' | 'asking uptime' | 'looking for its own' | 'withdrawing';

/** A server that is restarting is back after some tens of milliseconds. */
const longestPauseMs = 50;

const noRequest: Request = { command: 'get', key: '', value: '', exptime: 0, cas: 0n };

/**
 * One store call: one key on one server, one deadline, and as many requests as it takes, one after the other; normally
 * that is one. Each event sends what comes next, so there is no promise in here but the one that the task resolves.
 *
 * When the reply to a write is lost, or `start` belongs to another connection, the key is read and the value compared,
 * and the CAS number found there makes the next try as safe as the first.
 */
class Call implements Asker {
  request: Request = noRequest;
  dueMs = 0;
  behind: Asker | undefined;
  readonly timeoutMs: number;
  untilMs: number;
  graceMs: number;

  readonly #task: Task;
  #stage: Stage = 'connecting';
  #connection: Connection | undefined;
  /** What the write starts from. */
  #footing: Footing | undefined;
  #faults = 0;
  /** A try of the write was sent and never answered. */
  #isInDoubt = false;
  #mustLook = false;
  #isUnstored = false;

  constructor(task: Task, nowMs: number) {
    this.#task = task;
    this.#footing = task.start;
    this.timeoutMs = this.graceMs = task.timeoutMs;
    this.untilMs = nowMs + task.timeoutMs;
  }

  /** Takes the next step: waits for a connection, looks, or writes. */
  proceed(nowMs: number): void {
    const { link, key, write } = this.#task;
    const connection = link.open;
    this.#connection = connection;
    if (connection === undefined) {
      this.#stage = 'connecting';
      this.dueMs = nowMs + leftMs(this, nowMs);
      link.connect(this);
      return;
    }
    if (write === undefined || this.#mustLook || (write.from !== undefined && this.#footing?.epoch !== connection.epoch)) {
      this.#ask('looking', { ...noRequest, key }, nowMs);
      return;
    }
    const bar = write.quarantine?.barOn(connection, nowMs);
    if (bar === 'unknown') this.#ask('asking uptime', { ...noRequest, command: 'uptime' }, nowMs);
    else if (bar !== undefined) this.failed(bar);
    else {
      const { command, text: value, exptime } = write;
      this.#ask('writing', { command, key, value, exptime, cas: this.#footing?.cas ?? 0n }, nowMs);
    }
  }

  #ask(stage: Stage, request: Request, nowMs: number): void {
    this.#stage = stage;
    this.request = request;
    this.dueMs = nowMs + attemptMs(this, nowMs);
    this.#connection?.send(this);
  }

  opened(): void {
    this.proceed(performance.now());
  }

  answered(reply: Reply): void {
    switch (this.#stage) {
      case 'looking':
        this.#seen(reply);
        break;
      case 'writing':
        this.#written(reply);
        break;
      case 'asking uptime':
        this.#toldUptime(reply);
        break;
      case 'looking for its own':
        this.#foundOwn(reply);
        break;
      default:
        this.#fail(noCas());
    }
  }

  /**
   * A server that refuses the first try of a call is reported at once; later in a call, when a request is in doubt, it is
   * tried as long as there is time, since it may be on its way back. The first fault of a call is often a connection that
   * had gone stale, so the second try comes at once.
   */
  failed(fault: Fault): void {
    if (this.#stage === 'writing') this.#isInDoubt = true;
    const isRefused = this.#stage === 'connecting' && this.#faults === 0;
    this.#faults += 1;
    const nowMs = performance.now();
    const pauseMs = this.#faults === 1 ? 0 : Math.min(5 * 2 ** this.#faults, longestPauseMs);
    if (this.#stage === 'looking for its own' || this.#stage === 'withdrawing') this.#fail(noCas());
    else if (fault.isFinal || isRefused || leftMs(this, nowMs) <= pauseMs) this.#fail(fault);
    else if (pauseMs === 0) this.proceed(nowMs);
    else setTimeout(() => this.opened(), pauseMs);
  }

  #seen(reply: Reply): void {
    if (reply.status !== 'ok' && reply.status !== 'notFound') this.#fail(failed(reply));
    else if (reply.status === 'ok' && reply.cas === 0n) this.#fail(noCas());
    else this.#judge(this.#stateOf(reply, reply.status === 'ok' ? reply.value : undefined));
  }

  #judge(state: Sight): void {
    const { write } = this.#task;
    const next = write === undefined ? 'done' : afterLook(state.value, write, this.#isInDoubt);
    if (next !== 'write') this.#resolve(next === 'done' ? state : undefined);
    else if (this.#isUnstored) this.#fail(noRoom(Buffer.byteLength(write?.to ?? '')));
    else {
      this.#footing = state;
      this.#mustLook = false;
      this.proceed(performance.now());
    }
  }

  #written(reply: Reply): void {
    const { write, key } = this.#task;
    switch (afterReply(reply.status, this.#isInDoubt)) {
      case 'failed':
        this.#fail(failed(reply));
        break;
      case 'refused':
        this.#resolve(undefined);
        break;
      case 'done':
        if (reply.cas !== 0n || write?.to === undefined) this.#resolve(this.#stateOf(reply, write?.to));
        // Our value is stored and has no CAS number: nothing there can be released safely. It is taken back, so that the next
        // locker meets the same refusal and not a stranger's lock.
        else this.#ask('looking for its own', { ...noRequest, key }, performance.now());
        break;
      case 'look': {
        this.#isUnstored = reply.status === 'notStored';
        this.#mustLook = true;
        const nowMs = performance.now();
        if (leftMs(this, nowMs) > 0) this.proceed(nowMs);
        else this.#fail(noAnswer(this.timeoutMs));
      }
    }
  }

  #toldUptime({ status, value }: Reply): void {
    if (status !== 'ok') this.failed(noUptime());
    else {
      const nowMs = performance.now();
      this.#task.write?.quarantine?.noteUptime(this.#connection as Connection, Number(value), nowMs);
      this.proceed(nowMs);
    }
  }

  /** A delete without CAS is not atomic, but no giveway holds a lock on such a server, so there is none that it could hit. */
  #foundOwn({ status, cas, value }: Reply): void {
    const { key, write } = this.#task;
    const isOwn = status === 'ok' && cas === 0n && value === write?.to;
    if (isOwn) this.#ask('withdrawing', { ...noRequest, command: 'delete', key }, performance.now());
    else this.#fail(noCas());
  }

  #stateOf({ cas }: Reply, value: string | undefined): Sight {
    return { cas, epoch: (this.#connection as Connection).epoch, value };
  }

  #resolve(state: Sight | undefined): void {
    this.#task.breaker?.succeeded();
    this.#task.resolve(state);
  }

  #fail(fault: Fault): void {
    const error = unavailable(this.#task.link, fault);
    this.#task.breaker?.failed(error);
    this.#task.reject(error);
  }
}
