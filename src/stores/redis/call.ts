import { StoreUnavailableError } from '../../lock/errors.ts';
import type { Breaker } from '../breaker.ts';
import type { Deadlines, Timed } from '../deadlines.ts';
import type { Adapter, Asker } from './adapter.ts';
import type { KnownScripts } from './known-scripts.ts';
import type { Presence } from './presence.ts';
import { isErrorReply } from './replies.ts';

/**
 * Makes the answer of a reply. `isRepeated`: the connection broke meanwhile; the command was sent twice, by us or by the client,
 * and may have been done by the first.
 */
export type Conclude<T> = (reply: unknown, isRepeated: boolean) => T | Doubt<T>;

/** The reply does not tell what became of it; what is found under the key does, and makes the answer. */
export class Doubt<T> {
  readonly judge: (found: unknown) => T;

  constructor(judge: (found: unknown) => T) {
    this.judge = judge;
  }
}

/** What all calls of a store have in common. */
export interface Ground {
  readonly adapter: Adapter;
  readonly presence: Presence;
  readonly scripts: KnownScripts;
  readonly deadlines: Deadlines<Call>;
  readonly breaker: Breaker | undefined;
  /** What the caller is told. */
  explained(error: unknown): unknown;
}

/** A third loss within one deadline is no accident. */
const mostLosses = 3;

/** One operation on one key, until its caller is told how it ended. The only promise in here is the caller's. */
export class Call implements Timed, Asker {
  older: Timed | undefined;
  newer: Timed | undefined;
  endMs = 0;
  promise: Promise<unknown> | undefined;
  onGiveUp: () => void = ignore;
  readonly #ground: Ground;
  readonly #key: string;
  #name: string;
  #args: string[];
  /** The text of the script that is to be run. */
  readonly #script: string | undefined;
  #conclude: Conclude<unknown>;
  #resolve: (answer: unknown) => void = ignore;
  #reject: (reason: unknown) => void = ignore;
  #sends = 0;
  /** How often the connection had broken when it was last sent. */
  #lossesBefore = 0;
  #isOver = false;

  constructor(ground: Ground, key: string, name: string, args: string[], conclude: Conclude<unknown>) {
    this.#ground = ground;
    this.#key = key;
    this.#name = name;
    this.#args = args;
    this.#script = name === 'EVAL' ? args[0] : undefined;
    this.#conclude = conclude;
  }

  begin(): Promise<unknown> {
    const promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise = promise;
    this.#ground.deadlines.begin(this);
    this.#send();
    return promise;
  }

  answered(reply: unknown): void {
    if (this.#isOver) return;
    const { deadlines, breaker, presence, scripts } = this.#ground;
    if (this.#name === 'EVAL') scripts.told(this.#args[0] as string, this.#lossesBefore);
    let answer: unknown;
    try {
      answer = this.#conclude(reply, this.#sends > 1 || presence.losses > this.#lossesBefore);
    } catch (error) {
      this.#end(error);
      return;
    }
    if (answer instanceof Doubt) {
      this.#name = 'GET';
      this.#args = [this.#key];
      this.#conclude = answer.judge;
      this.#send();
      return;
    }
    this.#isOver = true;
    deadlines.end(this);
    breaker?.succeeded();
    this.#resolve(answer);
  }

  failed(error: unknown): void {
    if (this.#isOver) return;
    const { adapter, explained, presence, scripts } = this.#ground;
    if (this.#name === 'EVALSHA' && scripts.isRefused(this.#script as string, error)) {
      // Nothing was done, unless the client has sent it before, on a connection that broke.
      if (presence.losses === this.#lossesBefore) this.#sends -= 1;
      this.#send();
    } else if (isErrorReply(error) || this.#sends >= mostLosses || adapter.state === 'closed') this.#end(explained(error));
    else this.#send();
  }

  late(): void {
    this.#isOver = true;
    this.onGiveUp();
    this.#tell(this.#ground.explained(new StoreUnavailableError('no answer', { code: 'ERR_GIVEWAY_STORE_TIMEOUT' })));
  }

  #send(): void {
    // The caller was told that there is no answer. What it asked for must not happen afterwards.
    if (this.#isOver) return;
    const { adapter, presence } = this.#ground;
    if (adapter.state === 'ready') {
      this.#sends += 1;
      this.#lossesBefore = presence.losses;
      if (this.#script !== undefined && this.#name !== 'GET') this.#nameScript(this.#script);
      adapter.send(this.#name, this.#key, this.#args, this);
    } else {
      presence.untilReady(this).then(
        () => this.#send(),
        (error: unknown) => this.#isOver || this.#end(this.#ground.explained(error)),
      );
    }
  }

  #nameScript(script: string): void {
    const digest = this.#ground.scripts.digestOf(script, this.#lossesBefore);
    this.#name = digest === undefined ? 'EVAL' : 'EVALSHA';
    this.#args[0] = digest ?? script;
  }

  #end(error: unknown): void {
    this.#isOver = true;
    this.#ground.deadlines.end(this);
    this.#tell(error);
  }

  #tell(error: unknown): void {
    this.#ground.breaker?.failed(error);
    this.#reject(error);
  }
}

function ignore(): void {}
