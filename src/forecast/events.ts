/** What is still to happen in a play, the earliest first; of what happens at once, what was planned first. */
export class Events<T> {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly event: T }[] = [];
  #planned = 0;

  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  plan(atMs: number, event: T): void {
    const heap = this.#heap;
    const planned = { atMs, order: this.#planned++, event };
    let index = heap.push(planned) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (this.#isBefore(parent, planned)) break;
      heap[index] = heap[parent] as (typeof heap)[number];
      index = parent;
    }
    heap[index] = planned;
  }

  /** The earliest, which is over then. */
  take(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || first === last) return first?.event;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(child + 1, heap[child] as (typeof heap)[number])) child++;
      if (!this.#isBefore(child, last)) break;
      heap[index] = heap[child] as (typeof heap)[number];
      index = child;
    }
    heap[index] = last;
    return first.event;
  }

  #isBefore(index: number, other: { readonly atMs: number; readonly order: number }): boolean {
    const one = this.#heap[index] as { readonly atMs: number; readonly order: number };
    return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
  }
}
