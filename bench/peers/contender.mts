/** What every contender is, and what all of them are given. */
export type Backend = 'memcached' | 'redis' | 'postgres';
export type Urls = Readonly<Record<Backend, string>>;

export interface Session<Held = unknown> {
  /** Waits for `key` where the contender can; what it resolves to is what `release` wants. */
  acquire(key: string): Promise<Held>;
  release(held: Held): unknown;
  close(): unknown;
}

export interface Contender {
  readonly name: string;
  readonly backend: Backend;
  readonly ours?: true;
  /** Is the holder checked when it lets go? */
  readonly ownerChecked: boolean;
  /** Can it wait for a key that is held? */
  readonly waits: boolean;
  /** What it needs, if it is more than giveway does. */
  readonly nodeMajor?: number;
  open(urls: Urls): Promise<Session>;
}

export const ttlMs = 30_000;
/** How long the peers wait between two tries: short, so that they are not blamed for a polite default. */
export const retryMs = 5;
export const waitMs = 60_000;
export const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, retryMs));
