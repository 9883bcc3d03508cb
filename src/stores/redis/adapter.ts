/** The same few things, whichever client it is. */
export interface Adapter {
  /** What the client itself puts before each key, and giveway must if the client does not. */
  readonly keyPrefix: string;
  /** Keys are spread over several servers, and a script may touch those of one slot only. */
  readonly isCluster: boolean;
  /** `away`: connecting, or connecting again. `closed`: it will not connect by itself. */
  readonly state: 'ready' | 'away' | 'closed';
  /** Starts a client that connects only when it is used. */
  wake(): void;
  /** Sends one command, which concerns one key. One that is still queued when its time is over is not sent any more, where the client can do that. */
  send(name: string, key: string, args: string[], asker: Asker): void;
  /** Opens a connection of our own, which hears one channel. */
  openEar(channel: string, ear: Ear): { close(): void };
}

/** Who is told, once, what became of a command. */
export interface Asker {
  /** Settles with what the caller is told. For those who watch the client's commands. */
  readonly promise: Promise<unknown> | undefined;
  answered(reply: unknown): void;
  failed(error: unknown): void;
}

/** What happens on a connection that hears a channel. */
export interface Ear {
  hear(message: string): void;
  /**
   * From now on it hears; before, it may have missed something. `isSure`: it will say when its connection breaks. A cluster
   * puts another in its place without a word, and what was said meanwhile is missed.
   */
  onListening(isSure: boolean): void;
  /** Its connection broke; it tries to get another. */
  onLost(): void;
  /** It was not allowed to listen, or its connection broke first. */
  onRefused(error: unknown): void;
  /** It hears nothing more, and does not try again. */
  onEnd(): void;
}
