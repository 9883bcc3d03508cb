/** What is looked up by the name of a resource. */
export interface Kept {
  readonly id: string;
  /** So many have looked it up and will enter, perhaps only when the event under way is over. */
  expected: number;
  /** Nothing has gone on here since. */
  isIdle: boolean;
  /** Among the last ones that came to rest. */
  isKept: boolean;
}

/**
 * So many where nothing goes on are kept, some 1.2 kB each: a job that takes the same tables again and again makes no machine
 * anew, which is a quarter of what an uncontended lock costs. Twice what the benchmark has in flight.
 */
const idleGates = 128;

/** The gates of one shell: those where something goes on, and the last ones where something did. */
export class Gates<Gate extends Kept> {
  #byId = new Map<string, Gate>();
  /** A ring. */
  readonly #kept: (Gate | undefined)[] = new Array(idleGates).fill(undefined);
  #next = 0;
  #forgotten = 0;

  get size(): number {
    return this.#byId.size;
  }

  all(): Iterable<Gate> {
    return this.#byId.values();
  }

  get(id: string, make: () => Gate): Gate {
    let gate = this.#byId.get(id);
    if (gate === undefined) {
      gate = make();
      this.#byId.set(id, gate);
    }
    return gate;
  }

  /** If there is one. */
  find(id: string): Gate | undefined {
    return this.#byId.get(id);
  }

  /** Whoever has looked it up enters it, so it must not be forgotten before: two gates of one resource would know nothing of each other. */
  expect(gate: Gate): Gate {
    gate.expected++;
    gate.isIdle = false;
    return gate;
  }

  /** Nothing goes on there any more. */
  rest(gate: Gate): void {
    if (gate.expected > 0 || this.#byId.get(gate.id) !== gate) return;
    gate.isIdle = true;
    if (gate.isKept) return;
    const oldest = this.#kept[this.#next];
    if (oldest !== undefined) {
      oldest.isKept = false;
      if (oldest.isIdle) this.forget(oldest);
    }
    this.#kept[this.#next] = gate;
    gate.isKept = true;
    this.#next = (this.#next + 1) % idleGates;
  }

  forget(gate: Gate): void {
    if (gate.expected > 0 || this.#byId.get(gate.id) !== gate) return;
    this.#byId.delete(gate.id);
    // V8 keeps the tables that a map leaves behind alive in one that lives long, and all that was in them: with 64 in flight, two
    // thirds of what collecting garbage costs. A copy of what is there now, each four times as many as that, costs next to nothing.
    if (++this.#forgotten > 512 + 4 * this.#byId.size) {
      this.#forgotten = 0;
      this.#byId = new Map(this.#byId);
    }
  }
}
