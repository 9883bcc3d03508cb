import type { Clock } from '../clock.ts';
import { type Linked, List } from '../list.ts';

/** Something that wants to be woken, at a time of its own choosing. It must not throw. The fields are the wheel's own. */
export interface Alarmed extends Linked<Alarmed> {
  /** Those who are woken at the same time. `undefined`: it is not to be woken. */
  bucket: Bucket | undefined;
  woke(): void;
}

export type Bucket = List<Alarmed>;

/**
 * One timer for everything that wants to be woken. The further away, the coarser: whoever is woken early, by an eighth of the
 * way at most, asks again. So a lock that is taken and let go at once costs no timer, and thousands share a few dozen buckets.
 */
export class Alarms {
  readonly #clock: Clock;
  readonly #keepsAlive: boolean;
  readonly #buckets = new Map<number, Bucket>();
  #count = 0;
  #timer: Disposable | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;

  /** `keepsAlive`: the process does not end while somebody is to be woken. */
  constructor(clock: Clock, keepsAlive: boolean) {
    this.#clock = clock;
    this.#keepsAlive = keepsAlive;
  }

  /** Wakes `alarmed` at `monoMs`, instead of whenever it was due. `Infinity`: never. */
  at(alarmed: Alarmed, monoMs: number, nowMonoMs: number): void {
    this.cancel(alarmed);
    if (monoMs === Number.POSITIVE_INFINITY) return;
    const key = roundedMs(monoMs, monoMs - nowMonoMs);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      bucket = new List();
      this.#buckets.set(key, bucket);
    }
    alarmed.bucket = bucket;
    bucket.push(alarmed);
    this.#count++;
    if (key < this.#armedForMs) this.#arm(key, nowMonoMs);
  }

  cancel(alarmed: Alarmed): void {
    if (alarmed.bucket === undefined) return;
    alarmed.bucket.remove(alarmed);
    alarmed.bucket = undefined;
    this.#count--;
    if (this.#count === 0 && this.#keepsAlive && this.#armedForMs !== ringing) this.stop();
  }

  stop(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    this.#buckets.clear();
  }

  #arm(atMs: number, nowMonoMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#armedForMs = atMs;
    this.#timer = this.#clock.setTimer(() => this.#ring(), Math.max(0, atMs - nowMonoMs), this.#keepsAlive);
  }

  #ring(): void {
    this.#timer = undefined;
    // Nobody arms it anew while those who are due are woken.
    this.#armedForMs = ringing;
    const nowMonoMs = this.#clock.monotonicMs();
    // Whoever asks to be woken at once is woken in the next turn.
    for (const [key, bucket] of [...this.#buckets]) {
      if (key > nowMonoMs) continue;
      this.#buckets.delete(key);
      for (let { tail } = bucket; tail !== undefined; { tail } = bucket) {
        this.cancel(tail);
        tail.woke();
      }
    }
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const [key, { size }] of this.#buckets) {
      if (size === 0) this.#buckets.delete(key);
      else earliestMs = Math.min(earliestMs, key);
    }
    this.#armedForMs = Number.POSITIVE_INFINITY;
    if (earliestMs !== Number.POSITIVE_INFINITY) this.#arm(earliestMs, nowMonoMs);
  }
}

/** Earlier than anything that is asked for. */
const ringing: number = Number.NEGATIVE_INFINITY;

/** Within 16 ms to a sixteenth of one, and never early; further away early by an eighth at most. A shift: `**` takes a tenth of a microsecond. */
function roundedMs(atMs: number, delayMs: number): number {
  if (delayMs < 16) return Math.ceil(16 * atMs) / 16;
  const stepMs = 1 << (28 - Math.clz32(Math.min(delayMs, 2 ** 31)));
  return Math.floor(atMs / stepMs) * stepMs;
}
