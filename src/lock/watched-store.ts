import { StoreUnavailableError } from './errors.ts';
import type { LockStore } from './store.ts';

/** Told when a store stops answering, and when it answers again. */
export interface StoreWatcher {
  down(error: StoreUnavailableError): void;
  up(): void;
}

/** The same store; every outcome also goes to `watcher`. */
export function watchedStore(store: LockStore, watcher: StoreWatcher): LockStore {
  let isDown = false;
  const answered = (): void => {
    if (!isDown) return;
    isDown = false;
    watcher.up();
  };
  const failed = (error: unknown): void => {
    if (isDown || !(error instanceof StoreUnavailableError)) return;
    isDown = true;
    watcher.down(error);
  };
  const watch = <T>(call: Promise<T>): Promise<T> => {
    call.then(answered, failed);
    return call;
  };
  return {
    traits: store.traits,
    read: (key) => watch(store.read(key)),
    create: (key, value, ttlMs) => watch(store.create(key, value, ttlMs)),
    replace: (key, value, version, ttlMs) => watch(store.replace(key, value, version, ttlMs)),
    remove: (key, version) => watch(store.remove(key, version)),
    ...(store.append === undefined
      ? {}
      : { append: (key, text, version) => watch((store.append as NonNullable<LockStore['append']>)(key, text, version)) }),
    ...(store.subscribe === undefined ? {} : { subscribe: store.subscribe.bind(store) }),
    ...(store.list === undefined ? {} : { list: store.list.bind(store) }),
    ...(store.onNotice === undefined ? {} : { onNotice: store.onNotice.bind(store) }),
    close: () => store.close(),
  };
}
