import type { Entry } from '../../lock/store.ts';
import { createSubscribers, type OnChange } from '../subscribers.ts';
import type { LockFile } from './lock-file.ts';
import type { Opened } from './opened.ts';

/** Tells of what other processes write, and this one. */
export interface Watch {
  subscribe(key: string, onChange: OnChange): Disposable;
  /** `now` was put there, or nothing, by this store itself: SQLite tells of others alone. */
  wrote(key: string, now?: Entry): void;
  close(): void;
}

/** How late one hears of a release. A look costs some microseconds as long as nothing has changed, and nothing when nobody waits. */
const lookEveryMs = 10;

export function watchFile(opened: Opened, entryAt: (file: LockFile, key: string) => Entry | undefined): Watch {
  const subscribers = createSubscribers();
  /** What each subscribed key had last: the fence, or nothing. */
  const seen = new Map<string, bigint | undefined>();
  let looked: { readonly file: LockFile; readonly dataVersion: number } | undefined;
  let timer: NodeJS.Timeout | undefined;

  function lookLater(): void {
    timer = setTimeout(() => void look(), lookEveryMs).unref();
  }

  async function look(): Promise<void> {
    // Whatever is wrong with the file, they who wait will find out by themselves.
    const changed = await opened.ask(changesIn).catch(() => []);
    for (const [key, now] of changed) subscribers.tell(key, now);
    if (timer === undefined) return;
    if (subscribers.isEmpty) timer = undefined;
    else lookLater();
  }

  function changesIn(file: LockFile): readonly (readonly [string, Entry | undefined])[] {
    const dataVersion = file.dataVersion();
    if (looked?.file === file && looked.dataVersion === dataVersion) return [];
    const entries = [...subscribers.keys()].map((key) => [key, entryAt(file, key)] as const);
    // Noted only now: a read that failed is to be made again.
    looked = { file, dataVersion };
    const changed = entries.filter(([key, now]) => seen.get(key) !== now?.version.fence);
    seen.clear();
    for (const [key, now] of entries) seen.set(key, now?.version.fence);
    return changed;
  }

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (timer === undefined) lookLater();
      return subscription;
    },
    wrote(key, now) {
      if (subscribers.isEmpty) return;
      seen.set(key, now?.version.fence);
      // After the writer's turn, so that a listener cannot run inside the call that woke it.
      queueMicrotask(() => subscribers.tell(key, now));
    },
    close() {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
