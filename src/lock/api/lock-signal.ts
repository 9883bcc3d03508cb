import { onAbort } from './aborts.ts';
import { judgedController } from './judged-signal.ts';

/** The signal of one lock, and whatever else than the lock's own loss makes it abort. Made when somebody first asks for it. */
export class LockSignal {
  /** Looks whether the lock is live, and aborts this signal if it is not. */
  readonly judge: () => void;
  readonly #controller: AbortController;
  #stopFollowing: (() => void) | undefined;
  /** What the locks that joined this one do when it is let go before them. */
  #joined: Map<() => void, Disposable> | undefined;

  constructor(judge: () => void) {
    this.judge = judge;
    this.#controller = judgedController(judge);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Until `end`: aborts with the signal the caller gave, and judges whenever a lock it joined, or `timer`, may have ended it. */
  follow(given: AbortSignal | undefined, outers: readonly LockSignal[], timer: Disposable | undefined): void {
    const abort = given === undefined ? undefined : onAbort(given, () => this.abort(given.reason));
    for (const outer of outers) outer.#join(this.judge);
    this.#stopFollowing = () => {
      abort?.[Symbol.dispose]();
      for (const outer of outers) outer.#leave(this.judge);
      timer?.[Symbol.dispose]();
    };
    // What it joined may be over already, and would tell nobody again.
    if (outers.length > 0) this.judge();
  }

  /** The lock is let go. */
  end(): void {
    this.#stopFollowing?.();
    if (this.#joined !== undefined) for (const judge of [...this.#joined.keys()]) judge();
  }

  #join(judge: () => void): void {
    this.#joined ??= new Map();
    this.#joined.set(judge, onAbort(this.signal, judge));
  }

  #leave(judge: () => void): void {
    this.#joined?.get(judge)?.[Symbol.dispose]();
    this.#joined?.delete(judge);
  }
}
