import { AsyncLocalStorage } from 'node:async_hooks';
import { GivewayError } from './errors.ts';
import type { HeldLock } from './lock.ts';
import { covers, modeIn, type Need } from './scope.ts';

interface Frame {
  readonly lock: HeldLock;
  readonly around: Frame | undefined;
}

/** What a request finds held around it. */
export interface Surroundings {
  /** The innermost lock that gives the needed mode already. */
  readonly outer: HeldLock | undefined;
  /** What the surrounding runs do not hold. */
  readonly missing: readonly Need[];
  /** Something missing sorts before something held: waiting for it could deadlock, so it is tried once. */
  readonly outOfOrder: boolean;
}

const nothingHeld = (needs: readonly Need[]): Surroundings => ({ outer: undefined, missing: needs, outOfOrder: false });

/**
 * Which locks surround the code that runs now. Set by `run`, `wrap` and `transaction` only, follows the async context,
 * and counts while the lock is held: a promise, a timer or a pool that outlives the run gets nothing from it.
 */
export class Nesting {
  readonly #frames = new AsyncLocalStorage<Frame>();

  within<T>(lock: HeldLock, work: () => T): T {
    return this.#frames.run({ lock, around: this.#frames.getStore() }, work);
  }

  /** The innermost live lock here, or the innermost that covers `resource`. */
  current(resource?: string): HeldLock | undefined {
    for (let frame = this.#frames.getStore(); frame !== undefined; frame = frame.around) {
      if (frame.lock.isLive() && (resource === undefined || modeIn(frame.lock.scope, resource) !== undefined)) return frame.lock;
    }
    return undefined;
  }

  surroundings(needs: readonly Need[]): Surroundings {
    if (this.#frames.getStore() === undefined) return nothingHeld(needs);
    let outer: HeldLock | undefined;
    const missing = needs.filter(({ resource, mode }) => {
      const holding = this.current(resource);
      const held = holding === undefined ? undefined : modeIn(holding.scope, resource);
      if (holding === undefined || held === undefined) return true;
      if (!covers(held, mode)) throw upgrade(resource, held, mode);
      outer ??= holding;
      return false;
    });
    return { outer, missing, outOfOrder: this.#sortsBeforeHeld(missing) };
  }

  #sortsBeforeHeld(missing: readonly Need[]): boolean {
    const [first] = missing;
    for (let frame = this.#frames.getStore(); first !== undefined && frame !== undefined; frame = frame.around) {
      const { writes, appends, reads } = frame.lock.scope;
      if (frame.lock.isLive() && [...writes, ...appends, ...reads].some((held) => held > first.resource)) return true;
    }
    return false;
  }
}

function upgrade(resource: string, held: string, asked: string): GivewayError {
  return new GivewayError(
    'ERR_GIVEWAY_UPGRADE',
    `"${resource}" is held around this call in mode ${held}; asking for ${asked} would wait for itself. Take ${asked} in the outer run.`,
  );
}
