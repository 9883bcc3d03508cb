import type { Entry } from '../../lock/store.ts';
import { createSubscribers, type OnChange } from '../subscribers.ts';
import type { EtcdKeyValue, EtcdWatchResponse, EtcdWatchStream } from './client.ts';

export interface Watches {
  subscribe(key: string, onChange: OnChange): Disposable;
  /** The server does not let this user watch. */
  readonly isDeaf: boolean;
  close(): void;
}

export interface WatchesOptions {
  readonly open: () => Promise<EtcdWatchStream>;
  /** Has the client log in again if its login is over: it does so for requests, and never for a stream. May reject. */
  readonly renewLogin: () => Promise<unknown>;
  readonly entryIn: (found: EtcdKeyValue) => Entry;
  /** Before each key. */
  readonly prefix: string;
  /** The server does not let this user watch, because of `reason`. */
  readonly onDeaf: (reason: string) => void;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** A stream that has answered nothing for so long is dead. */
const probeEveryMs = 5_000;

/**
 * One stream for all subscribed keys, open only while there are any, with one watch per key. etcd3's own watcher would do
 * nearly as well, but throws out of the stream's events when an answer overtakes a cancellation.
 */
export function createWatches({ open, renewLogin, entryIn, prefix, onDeaf }: WatchesOptions): Watches {
  const subscribers = createSubscribers();
  /** The watch of each key. */
  const ids = new Map<string, number>();
  const keys = new Map<string, string>();
  let lastId = 0;
  let stream: EtcdWatchStream | 'opening' | 'pausing' | undefined;
  let pauseMs = firstPauseMs;
  /** Of the login that streams are opened with. `renewed`: since the last watch was refused for it. */
  let login: 'good' | 'over' | 'renewed' = 'good';
  /** A watch of the present stream was refused. */
  let isRefused = false;
  /** On the present stream, since it was last probed. */
  let isHeard = false;
  let isDeaf = false;
  let isClosed = false;

  function ask(on: EtcdWatchStream, key: string, id: number): void {
    on.write({ create_request: { key: Buffer.from(prefix + key), watch_id: id } });
  }

  async function connect(): Promise<void> {
    stream = 'opening';
    isRefused = false;
    try {
      if (login === 'over') {
        await renewLogin().catch(() => {}); // refused for another reason, it was renewed all the same
        login = 'renewed';
      }
      const opened = await open();
      opened.on('data', (response) => stream === opened && hear(response));
      // 'error' comes once more when we cancel.
      opened.on('error', () => lose(opened));
      opened.on('end', () => lose(opened));
      stream = opened;
      for (const [key, id] of ids) ask(opened, key, id);
      probeLater(opened);
      hangUpIfIdle();
    } catch {
      lose('opening');
    }
  }

  /** A member that hangs, or whose machine is gone without a word, ends no stream. */
  function probeLater(opened: EtcdWatchStream): void {
    isHeard = false;
    setTimeout(() => {
      if (stream !== opened) return;
      if (isHeard) {
        opened.write({ progress_request: {} });
        probeLater(opened);
        return;
      }
      giveUp(opened);
      isDeaf = true;
      subscribers.tellAll(); // whoever waits in silence must begin to poll
    }, probeEveryMs).unref();
  }

  function giveUp(opened: EtcdWatchStream): void {
    lose(opened);
    hangUp(opened);
  }

  function hear({ watch_id: id, created, canceled, cancel_reason: reason = '', events }: EtcdWatchResponse): void {
    isHeard = true;
    if (created && canceled) {
      refuse(reason);
      return;
    }
    if (created) {
      isDeaf = isRefused;
      login = 'good';
      pauseMs = firstPauseMs;
    }
    const key = keys.get(String(id));
    if (key === undefined) return;
    // A key that was just made has nobody waiting for its end; but before the watch began, something may have been missed.
    if (!created && !canceled && !events.some(({ kv }) => kv.create_revision !== kv.mod_revision)) return;
    const last = events.at(-1);
    subscribers.tell(key, last?.type === 'Put' ? entryIn(last.kv) : undefined);
  }

  /** etcd does not say which watch it refuses. */
  function refuse(reason: string): void {
    if (reason.includes('auth token') && login === 'good' && typeof stream === 'object') {
      login = 'over';
      giveUp(stream);
      return;
    }
    isRefused = true;
    if (isDeaf) return;
    isDeaf = true;
    subscribers.tellAll();
    onDeaf(reason);
  }

  function lose(lost: typeof stream): void {
    if (stream !== lost) return;
    if (subscribers.isEmpty || isClosed) {
      stream = undefined;
      return;
    }
    stream = 'pausing';
    setTimeout(() => {
      stream = undefined;
      if (!subscribers.isEmpty && !isClosed) void connect();
    }, pauseMs).unref();
    pauseMs = Math.min(2 * pauseMs, longestPauseMs);
  }

  /** An open stream keeps the process alive, whatever is done to it. */
  function hangUpIfIdle(): void {
    if (typeof stream !== 'object' || (!subscribers.isEmpty && !isClosed)) return;
    hangUp(stream);
    stream = undefined;
  }

  /**
   * Never at once: we may be in what runs while HTTP/2 closes another stream, where Node 20's session, asked to reset a
   * stream, writes without end (Http2Session::SendPendingData, seen with a stack of the process).
   */
  function hangUp(opened: EtcdWatchStream): void {
    setImmediate(() => opened.cancel());
  }

  function begin(key: string): void {
    lastId += 1;
    ids.set(key, lastId);
    keys.set(String(lastId), key);
    if (typeof stream === 'object') ask(stream, key, lastId);
    if (stream === undefined && !isClosed) void connect();
  }

  function end(key: string): void {
    const id = ids.get(key);
    if (id === undefined) return;
    ids.delete(key);
    keys.delete(String(id));
    if (typeof stream === 'object') stream.write({ cancel_request: { watch_id: id } });
    hangUpIfIdle();
  }

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (!ids.has(key)) begin(key);
      return {
        [Symbol.dispose]: () => {
          subscription[Symbol.dispose]();
          if (!subscribers.has(key)) end(key);
        },
      };
    },
    get isDeaf() {
      return isDeaf;
    },
    close() {
      isClosed = true;
      hangUpIfIdle();
    },
  };
}
