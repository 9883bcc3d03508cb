import type { StoreNotice } from '../../lock/store.ts';
import { begin, type Footing, type Sight, type Write } from './call.ts';
import { exptimeFor } from './exptime.ts';
import type { Link } from './link.ts';
import { fingerprint } from './placement.ts';

/**
 * Finds out, in the background, when others use the same servers with another list. They would look for one lock on two
 * servers, and nothing else would tell.
 */
export interface ServerListWatch {
  /** To be called whenever a server is used; does something once in ten minutes per server. */
  check(link: Link): void;
  onNotice(listener: (notice: StoreNotice) => void): Disposable;
}

/** No record's key: names have their colons escaped. */
const key = 'giveway::server-list';
const checkEveryMs = 600_000;
/** A list that nobody uses any more is forgotten after an hour. */
const exptime = exptimeFor(3_600_000);

export function watchServerList(links: readonly Link[], timeoutMs: number): ServerListWatch {
  const mine = fingerprint(links);
  const nextCheckMs = new Map<Link, number>();
  const listeners = new Set<(notice: StoreNotice) => void>();
  const told = new Set<string>();

  async function checkNow(link: Link): Promise<void> {
    const theirs = await leaveFingerprint(link, mine, timeoutMs);
    if (theirs === mine || told.has(theirs)) return;
    told.add(theirs);
    for (const listener of listeners) listener(otherList(link, theirs, mine));
  }

  return {
    check(link) {
      const nowMs = performance.now();
      if (nowMs < (nextCheckMs.get(link) ?? 0)) return;
      nextCheckMs.set(link, nowMs + checkEveryMs);
      checkNow(link).catch(() => {
        // A fault will be met, and told, by whoever wants a lock there; a throwing listener harms nobody.
      });
    },
    onNotice(listener) {
      const own = (notice: StoreNotice): void => listener(notice);
      listeners.add(own);
      return { [Symbol.dispose]: () => void listeners.delete(own) };
    },
  };
}

/** The fingerprint that stands on that server: ours, written or prolonged, unless somebody else's is there. */
async function leaveFingerprint(link: Link, mine: string, timeoutMs: number): Promise<string> {
  const ask = (write?: Write, start?: Footing): Promise<Sight | undefined> =>
    new Promise((resolve, reject) => begin({ link, key, timeoutMs, write, start, breaker: undefined, resolve, reject }));
  const found = await ask();
  if (found?.value !== undefined && found.value !== mine) return found.value;
  const left =
    found?.value === undefined
      ? await ask({ command: 'add', from: undefined, to: mine, text: mine, exptime })
      : await ask({ command: 'replace', from: mine, to: mine, text: mine, exptime }, found);
  return left === undefined ? ((await ask())?.value ?? mine) : mine;
}

function otherList({ name }: Link, theirs: string, mine: string): StoreNotice {
  const message =
    `memcached ${name} is also used with another server list (fingerprint ${theirs}, ours is ${mine}). ` +
    'Processes with different lists do not exclude each other: give all of them the same `servers`, in the same words.';
  return { code: 'ERR_GIVEWAY_SERVER_LIST', message };
}
