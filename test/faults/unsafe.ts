/** Mistakes that lock libraries make, on purpose: the fault run must catch each of them, or its checker is blind. */
import type { Clock } from '../../src/lock/clock.ts';
import type { LockStore } from '../../src/lock/store.ts';
import type { FindingKind } from './check.ts';

/** What a worker is made of. */
interface Parts {
  readonly store: LockStore;
  readonly clock: Clock;
}

interface Variant {
  /** How many pieces of work a worker does at a time. */
  readonly lanes: number;
  change(parts: Parts): Parts;
}

export type VariantName = 'as built' | 'unconditional delete' | 'no margin';

const lookEveryMs = 20;

export const variants: Readonly<Record<VariantName, Variant>> = {
  'as built': { lanes: 3, change: (parts) => parts },

  /**
   * Releases whatever is under the key, as get, compare and delete do in the worst case, and plain delete always. A process with
   * more to do asks for the next lock before it lets go of the one it lost, and then deletes nothing: so this one has not.
   */
  'unconditional delete': {
    lanes: 1,
    change: ({ store, clock }) => ({
      clock,
      store: {
        ...store,
        async remove(key) {
          const found = await store.read(key);
          return found !== undefined && store.remove(key, found.version);
        },
      },
    }),
  },

  /**
   * Judges the deadline by the time of the last tick of a timer, not by the time now. Whoever was stopped, or blocked its
   * loop, goes on writing as if no time had passed.
   */
  'no margin': {
    lanes: 3,
    change({ store, clock }) {
      let monotonicMs = clock.monotonicMs();
      let wallMs = clock.wallMs();
      setInterval(() => {
        monotonicMs = clock.monotonicMs();
        wallMs = clock.wallMs();
      }, lookEveryMs).unref();
      return { store, clock: { ...clock, monotonicMs: () => monotonicMs, wallMs: () => wallMs } };
    },
  },
};

/** What the checker must say of each. */
export const mistakes: readonly { readonly variant: VariantName; readonly shows: FindingKind }[] = [
  { variant: 'unconditional delete', shows: 'stranger-freed' },
  { variant: 'no margin', shows: 'late-loss' },
];
