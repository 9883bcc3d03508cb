import { setTimeout as sleep } from 'node:timers/promises';
import { closedError } from '../closed.ts';
import { type Connection, loadDriver } from './driver.ts';
import { explain, isBusy } from './failures.ts';
import { type LockFile, openLockFile } from './lock-file.ts';
import type { ResolvedOptions } from './options.ts';
import { checkPlace, identityOf } from './place.ts';

/** The lock file, opened when it is first needed, and again when another file has taken its name. */
export interface Opened {
  /** Does `work` on it within the deadline; what goes wrong is a `StoreUnavailableError`. */
  ask<T>(work: (file: LockFile) => T): Promise<T>;
  close(): void;
}

/** A commit of another process takes a fraction of this on most disks. The pause doubles from 1 ms, with jitter. */
const longestPauseMs = 16;

/**
 * The driver's calls block the event loop, so none of them waits for another process: one that finds the file locked fails at once,
 * and is made again after a pause in which the loop goes on.
 */
export function openWhenNeeded({ file: path, timeoutMs, driver, flush }: ResolvedOptions): Opened {
  let connect: Promise<(file: string) => Connection> | undefined;
  let open: { readonly file: LockFile; readonly identity: string | undefined } | undefined;
  let isClosed = false;

  async function connector(): Promise<(file: string) => Connection> {
    connect ??= loadDriver(driver).catch((error) => {
      connect = undefined;
      throw error;
    });
    return connect;
  }

  /** Somebody may have deleted the file, or put back another: an open one would go on by itself, and exclude nobody. */
  function current(connectTo: (file: string) => Connection): LockFile {
    if (open !== undefined && open.identity === identityOf(path)) return open.file;
    open?.file.close();
    open = undefined;
    checkPlace(path);
    const connection = connectTo(path);
    try {
      open = { file: openLockFile(connection, flush), identity: identityOf(path) };
    } catch (error) {
      connection.close();
      throw error;
    }
    return open.file;
  }

  return {
    async ask(work) {
      const endMs = performance.now() + timeoutMs;
      for (let attempt = 0; ; attempt += 1) {
        if (isClosed) throw closedError('sqlite');
        try {
          const connectTo = await connector();
          if (isClosed) throw closedError('sqlite');
          return work(current(connectTo));
        } catch (error) {
          const restMs = endMs - performance.now();
          if (!isBusy(error) || restMs <= 0) throw explain(error, path, timeoutMs);
          await sleep(Math.min(Math.random() * Math.min(2 ** attempt, longestPauseMs), restMs));
        }
      }
    },
    close() {
      isClosed = true;
      open?.file.close();
      open = undefined;
    },
  };
}
