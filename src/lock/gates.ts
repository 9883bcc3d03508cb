import { Gate, type GateContext } from './gate.ts';

/** So many idle gates may be kept for their memory of the past. */
const sweepAtSize = 2_048;

/** The gates of a locker, by resource. Idle ones are forgotten when there are many. */
export class Gates {
  readonly #context: GateContext;
  readonly #keyOf: (resource: string) => string;
  readonly #gates = new Map<string, Gate>();
  #sweepAt = sweepAtSize;

  constructor(context: GateContext, keyOf: (resource: string) => string) {
    this.#context = context;
    this.#keyOf = keyOf;
  }

  get(resource: string): Gate {
    let gate = this.#gates.get(resource);
    if (gate === undefined) {
      if (this.#gates.size >= this.#sweepAt) this.#sweep();
      gate = new Gate(this.#context, resource, this.#keyOf(resource));
      this.#gates.set(resource, gate);
    }
    return gate;
  }

  all(): readonly Gate[] {
    return [...this.#gates.values()];
  }

  #sweep(): void {
    for (const [resource, gate] of this.#gates) if (gate.idle) this.#gates.delete(resource);
    // Where most are in use, a sweep at every new one would cost more than it frees.
    this.#sweepAt = Math.max(sweepAtSize, this.#gates.size * 2);
  }
}
