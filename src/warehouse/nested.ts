import { AsyncLocalStorage } from 'node:async_hooks';
import type { PoolClient } from 'pg';
import type { Lock } from '../lock/api/lock.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import type { RunOutcome } from '../lock/api/run.ts';
import { GivewayError, type LockLostError } from '../lock/errors.ts';
import type { LockScope } from '../lock/options.ts';
import { resolveScope } from '../lock/plan/scope.ts';

/** What a transaction inside another one of the same warehouse is: an error, or a part of the outer one that can be rolled back by itself. */
export type Nested = 'refuse' | 'savepoint';

/** A transaction around the code that runs now. */
export interface Surrounding {
  readonly client: PoolClient;
  readonly lock: Lock;
  readonly depth: number;
  readonly around: Surrounding | undefined;
  isOver: boolean;
  /** The last that joined: savepoints of one connection must not interleave. */
  last: Promise<unknown>;
}

/** The open transactions of a warehouse, as the async context knows them. */
export class OpenTransactions {
  readonly #locker: ResourceLocker;
  readonly #context = new AsyncLocalStorage<Surrounding>();

  constructor(locker: ResourceLocker) {
    this.#locker = locker;
  }

  /** The innermost around the code that runs now. */
  around(): Surrounding | undefined {
    let found = this.#context.getStore();
    while (found?.isOver) found = found.around;
    return found;
  }

  /** Is the context believed? Not with `nesting: 'explicit'`, by the locker's wish. Asked inside of a lock that has just been taken: of one that is lost nobody can tell. */
  isBelieved(lock: Lock): boolean {
    return this.#locker.current() !== undefined || lock.signal.aborted;
  }

  /** Runs the work of a transaction. */
  async within<T>(client: PoolClient, lock: Lock, work: () => Promise<T> | T): Promise<T> {
    const around = this.around();
    const own: Surrounding = { client, lock, depth: (around?.depth ?? 0) + 1, around, isOver: false, last: Promise.resolve() };
    try {
      return await this.#context.run(own, work);
    } finally {
      own.isOver = true;
    }
  }

  /**
   * Runs `work` in the transaction around, in a savepoint of its own, one after the other. The outer one's lock must cover the scope: it is the one
   * that lasts until the COMMIT. Rejects with `ERR_GIVEWAY_NESTED_TRANSACTION` where it does not.
   */
  async join<T>(outer: Surrounding, scope: LockScope, work: (client: PoolClient, lock: Lock) => Promise<T> | T): Promise<RunOutcome<T>> {
    const lacking = namesIn(scope).filter((name) => this.#locker.current(name)?.token !== outer.lock.token);
    if (lacking.length > 0 && !outer.lock.signal.aborted)
      throw refusal(
        `A nested transaction needs ${listed(lacking)}, which the scope of the transaction around it lacks`,
        'Add it there, since locks last until that one commits.',
      );
    const turn = outer.last.then(() =>
      outer.lock.signal.aborted
        ? this.#withoutLock(outer, work)
        : this.#locker.run(scope, (lock) => this.#underSavepoint(outer, lock, work)),
    );
    outer.last = turn.catch(() => {});
    return turn;
  }

  /** The lock is lost: none is taken in its place. What becomes of the work is as the outer transaction has it, which judges each statement. */
  async #withoutLock<T>(outer: Surrounding, work: (client: PoolClient, lock: Lock) => Promise<T> | T): Promise<RunOutcome<T>> {
    const value = await this.#underSavepoint(outer, outer.lock, work);
    return { status: 'ran', value, waitedMs: 0, heldMs: 0, lost: outer.lock.signal.reason as LockLostError, release: 'kept' };
  }

  async #underSavepoint<T>(outer: Surrounding, lock: Lock, work: (client: PoolClient, lock: Lock) => Promise<T> | T): Promise<T> {
    const { client, depth } = outer;
    const savepoint = `giveway_${depth}`;
    await client.query(`SAVEPOINT ${savepoint}`);
    try {
      const value = await this.within(client, lock, () => work(client, lock));
      await client.query(`RELEASE SAVEPOINT ${savepoint}`);
      return value;
    } catch (error) {
      // Where this fails, nothing of the outer one can be committed either.
      await client.query(`ROLLBACK TO SAVEPOINT ${savepoint}`).catch(() => {});
      throw error;
    }
  }
}

/** What is asked for inside a transaction of the same warehouse, and would wait for it, or outlive its ROLLBACK. */
export function refuseNested(what: string): GivewayError {
  return refusal(
    `${what} inside a transaction of the same warehouse would take another connection: it could wait for that transaction for ever, and would stay when that one is rolled back`,
    "Use that transaction's client, or say `nested: 'savepoint'` to join it.",
  );
}

function refusal(what: string, cure: string): GivewayError {
  return new GivewayError('ERR_GIVEWAY_NESTED_TRANSACTION', `${what}. ${cure}`);
}

export function namesIn(scope: LockScope): readonly string[] {
  const { writes, appends, reads } = resolveScope(scope, (name) => String(name));
  return [...writes, ...appends, ...reads];
}

export function listed(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
