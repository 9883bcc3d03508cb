/** The one queue of a world: everything that happens, by time and then in the order it was asked for. */
export interface Timeline {
  /** Milliseconds since the world began. */
  readonly nowMs: number;
  /** Events so far. */
  readonly events: number;
  after(delayMs: number, act: () => void): Disposable;
  /** Runs until `done`, checked before each event, or until nothing is left, or until `limitMs` or `limitEvents` is reached. */
  run(limits: { readonly limitMs: number; readonly limitEvents: number; done?(): boolean }): Promise<'done' | 'idle' | 'time' | 'events'>;
}

interface Planned {
  readonly atMs: number;
  readonly order: number;
  act: (() => void) | undefined;
}

export function createTimeline(): Timeline {
  const heap: Planned[] = [];
  let nowMs = 0;
  let order = 0;
  let events = 0;

  function next(): Planned | undefined {
    while (heap.length > 0 && heap[0]?.act === undefined) take(heap);
    return heap[0];
  }

  return {
    get nowMs() {
      return nowMs;
    },
    get events() {
      return events;
    },
    after(delayMs, act) {
      const planned: Planned = { atMs: nowMs + Math.max(delayMs, 0), order: order++, act };
      put(heap, planned);
      return {
        [Symbol.dispose]: () => {
          planned.act = undefined;
        },
      };
    },
    run({ limitMs, limitEvents, done }) {
      return new Promise((resolve, reject) => {
        // An immediate each: all that an event set off among promises has come to rest before the next one.
        const step = (): unknown => {
          if (done?.()) return resolve('done');
          const planned = next();
          if (planned === undefined) return resolve('idle');
          if (planned.atMs > limitMs) {
            nowMs = limitMs;
            return resolve('time');
          }
          if (++events > limitEvents) return resolve('events');
          take(heap);
          nowMs = planned.atMs;
          try {
            planned.act?.();
          } catch (error) {
            return reject(error);
          }
          return setImmediate(step);
        };
        setImmediate(step);
      });
    },
  };
}

function isBefore(one: Planned, other: Planned): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

function put(heap: Planned[], planned: Planned): void {
  let index = heap.push(planned) - 1;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above] as Planned;
    if (!isBefore(planned, parent)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = planned;
}

/** Takes the first one out. */
function take(heap: Planned[]): void {
  const last = heap.pop() as Planned;
  if (heap.length === 0) return;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below++;
    const child = heap[below] as Planned;
    if (!isBefore(child, last)) break;
    heap[index] = child;
    index = below;
  }
  heap[index] = last;
}
