import { aborted, onAbort } from '../lock/api/aborts.ts';
import { GivewayError } from '../lock/errors.ts';
import { hostName } from '../lock/plan/settings.ts';
import { acquire } from './acquire.ts';
import { type ClientSettings, resolveAcquireOptions } from './check-options.ts';
import { LockNotGrantedError } from './errors.ts';
import type { Holding, Holdings } from './holdings.ts';
import type { LockItem } from './item.ts';
import { describeName, type LeaseName } from './lease-key.ts';
import type { AcquireLockOptions } from './options.ts';

/** What the acquisitions of one client need from it. */
export interface AcquisitionsOptions {
  readonly settings: ClientSettings;
  readonly holdings: Holdings;
  keyOf(name: LeaseName): string;
  /** Gives back what came too late, as well as it can. */
  letGo(item: LockItem): Promise<unknown>;
}

/** The acquisitions of one client. */
export class Acquisitions {
  readonly #options: AcquisitionsOptions;
  readonly #underWay = new Set<AbortController>();
  readonly #orphans = new Map<string, string>();
  #isClosed = false;

  constructor(options: AcquisitionsOptions) {
    this.#options = options;
  }

  /** As `LockClient.acquireLock`. */
  async acquire(options: AcquireLockOptions): Promise<LockItem> {
    const { settings, holdings, keyOf } = this.#options;
    const acquisition = resolveAcquireOptions(options, settings);
    const key = keyOf(acquisition.terms);
    const stop = new AbortController();
    const giveUp = (): void => stop.abort(options.signal?.reason);
    if (options.signal?.aborted) giveUp();
    const listening = options.signal && onAbort(options.signal, giveUp);
    this.#underWay.add(stop);
    try {
      const outcome = await acquire(
        settings,
        { ...acquisition, key, host: hostName(), signal: stop.signal, orphans: this.#orphans },
        () => {
          if (this.#isClosed) throw closedError();
          return acquisition.isReentrant ? holdings.itemAt(key) : undefined;
        },
      );
      if ('instead' in outcome) return outcome.instead;
      return await this.#hold(holdings.make(key, acquisition, outcome), stop.signal);
    } finally {
      this.#underWay.delete(stop);
      listening?.[Symbol.dispose]();
    }
  }

  /** Ends every wait, and refuses what begins later. */
  close(): void {
    this.#isClosed = true;
    for (const stop of this.#underWay) stop.abort();
  }

  async #hold(holding: Holding, signal: AbortSignal): Promise<LockItem> {
    const { item } = holding;
    const refusal = this.#tooLate(holding, signal);
    if (refusal !== undefined) {
      await this.#options.letGo(item);
      throw refusal;
    }
    this.#options.holdings.keep(holding);
    return item;
  }

  /** Why a lock that has just been acquired is not given. */
  #tooLate({ lease, item }: Holding, signal: AbortSignal): Error | undefined {
    if (this.#isClosed) return closedError();
    if (signal.aborted) return aborted(item.partitionKey, signal);
    if (lease.isLive()) return undefined;
    return new LockNotGrantedError(`${describeName(item)} was not acquired: the store's answer came after the lease had ended`);
  }
}

function closedError(): GivewayError {
  return new GivewayError('ERR_GIVEWAY_CLOSED', 'The lock client is closed; no new locks are taken.');
}
