import { hearAnnouncements } from '../announcements.ts';
import { createSubscribers, type OnChange } from '../subscribers.ts';
import { announcedIn } from './version.ts';

/** A connection of its own that hears notifications. */
export interface PgListenClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  end(): Promise<void>;
  unref?(): void;
  readonly processID: number | null;
  on(event: 'notification', listener: (message: { readonly channel: string; readonly payload?: string | undefined }) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
}

export interface Listener {
  subscribe(key: string, onChange: OnChange): Disposable;
  /** Nothing will be heard: the connection cannot be opened at present, or goes through a pooler, which passes nothing on. */
  readonly isDeaf: boolean;
  close(): Promise<void>;
}

export interface ListenerOptions {
  readonly channel: string;
  readonly openClient: () => Promise<PgListenClient>;
  /** Nothing will be heard until the connection can be opened again, because of `error`; without one, for good: there is a pooler. */
  readonly onDeaf: (error?: unknown) => void;
}

const firstDelayMs = 50;
const longestDelayMs = 5_000;

/**
 * One `LISTEN` for the whole table, on one connection, opened when first needed and again whenever it breaks, as long as
 * somebody is subscribed. The payload begins with the key; who wants to know is found here, so a subscription costs no request.
 */
export function createListener({ channel, openClient, onDeaf }: ListenerOptions): Listener {
  const subscribers = createSubscribers();
  const hear = hearAnnouncements(subscribers, announcedIn);
  let client: PgListenClient | undefined;
  let failures = 0;
  let cannotOpen = false;
  let state: 'idle' | 'open' | 'waiting' | 'deaf' | 'closed' = 'idle';
  let retry: NodeJS.Timeout | undefined;

  function open(): void {
    state = 'open';
    listen().catch((error: unknown) => {
      if (state === 'open' && !cannotOpen) {
        cannotOpen = true;
        subscribers.tellAll(); // whoever waits in silence must begin to poll
        onDeaf(error);
      }
      reopen();
    });
  }

  async function listen(): Promise<void> {
    const opened = await openClient();
    client = opened;
    opened.on('error', () => {});
    opened.on('notification', (message) => message.channel === channel && hear(message.payload ?? ''));
    await opened.connect();
    if (state === 'closed') return opened.end();
    opened.unref?.();
    const pid = await backendPid(opened.query(`listen ${channel}; select pg_backend_pid() as pid`));
    // A pooler such as PgBouncer invents the process id that it greets with, and gives the connection to others in between.
    if (opened.processID !== pid) return goDeaf(opened);
    opened.on('end', reopen);
    failures = 0;
    cannotOpen = false;
    subscribers.tellAll();
  }

  function goDeaf(opened: PgListenClient): Promise<void> {
    state = 'deaf';
    subscribers.tellAll();
    onDeaf();
    return opened.end();
  }

  function reopen(): void {
    if (state !== 'open') return;
    client?.end().catch(() => {});
    client = undefined;
    if (subscribers.isEmpty) {
      state = 'idle';
      return;
    }
    state = 'waiting';
    const delayMs = Math.min(firstDelayMs * 2 ** failures, longestDelayMs);
    failures += 1;
    retry = setTimeout(open, delayMs * (0.5 + Math.random() / 2)).unref();
  }

  return {
    subscribe(key, onChange) {
      const subscription = subscribers.add(key, onChange);
      if (state === 'idle') open();
      return subscription;
    },
    get isDeaf() {
      return cannotOpen || state === 'deaf';
    },
    async close() {
      state = 'closed';
      clearTimeout(retry);
      await client?.end().catch(() => {});
    },
  };
}

async function backendPid(results: Promise<unknown>): Promise<number> {
  const [, answer] = (await results) as [unknown, { rows: [{ pid: unknown }] }];
  return Number(answer.rows[0].pid);
}
