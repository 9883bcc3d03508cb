import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LockScope, RunOptions } from '../../src/lock/options.ts';
import { Plans } from '../../src/lock/plan/plans.ts';
import { textOf } from '../../src/lock/plan/scope.ts';
import { type LockerOptions, resolveSettings } from '../../src/lock/plan/settings.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const options: Omit<LockerOptions, 'store'> = {
  ttlMs: 20_000,
  retry: { maxWaitMs: 7_000 },
  job: 'nightly',
  resources: { events: { ttlMs: 5_000, limits: { appends: 3 } }, visits: { minHoldMs: 6_000, onStoreDown: 'skip' }, 'analytics.*': {} },
  allowUnlisted: true,
};
const plans = (): Plans => new Plans(resolveSettings({ store: memoryStore(), ...options }));

const name = fc.constantFrom('events', 'Events', 'public.events', 'visits', 'analytics.rollup', 'analytics.*', 'other', '', '1:a', 'a;b');
const names = fc.oneof(name, fc.array(name, { maxLength: 3 }), fc.constant(undefined), fc.constantFrom(7, null, [7]));
const scope = fc.oneof(
  name,
  fc.array(name, { maxLength: 3 }),
  fc.record({ writes: names, appends: names, reads: names, write: names }, { requiredKeys: [] }),
);
const call = fc.option(
  fc.record<RunOptions>(
    {
      ttlMs: fc.constantFrom(5_000, 60_000, undefined),
      minHoldMs: fc.constantFrom(0, 30_000),
      retry: fc.constantFrom({}, { maxWaitMs: 1 }, { maxWaitMs: 9_000, delayMs: 1 }, { maxWaitMs: undefined } as never),
      starveAfter: fc.constantFrom({ skips: 2 }, { ms: 5 }),
      job: fc.constantFrom('x'.repeat(200), undefined),
    },
    { requiredKeys: [] },
  ),
  { nil: undefined },
);
const weak = fc.constantFrom<RunOptions | undefined>(
  undefined,
  { maxHoldMs: 1_000, retry: { maxWaitMs: 5_000 } },
  { job: 'weak', minHoldMs: 40_000 },
);

function planned(from: Plans, wanted: unknown, said: RunOptions | undefined, weakly: RunOptions | undefined): unknown {
  try {
    const { scope, needs, options } = from.of(wanted as LockScope, said, weakly);
    return { scope, needs, options };
  } catch (error) {
    return String(error);
  }
}

test('what was worked out before is what would be worked out now', () => {
  const known = plans();
  fc.assert(
    fc.property(scope, call, weak, (wanted, said, weakly) => {
      expect(planned(known, wanted, said, weakly)).toEqual(planned(plans(), wanted, said, weakly));
    }),
    { numRuns: 2_000 },
  );
});

test('only scopes that are written alike have one text', () => {
  fc.assert(
    fc.property(fc.uniqueArray(scope, { comparator: 'SameValue', minLength: 2, maxLength: 2 }), ([one, other]) => {
      fc.pre(typeof one === 'object' && typeof other === 'object');
      const [text, otherText] = [textOf(one as never), textOf(other as never)];
      if (text !== undefined && text === otherText) expect(JSON.stringify(one)).toBe(JSON.stringify(other));
    }),
    { numRuns: 2_000 },
  );
});

test('nearest wins: call, table, locker, integration', () => {
  const [at, wait] = [plans(), { retry: { maxWaitMs: 9_000 } }];
  const of = (wanted: LockScope, said?: RunOptions, weakly?: RunOptions) => at.of(wanted, said, weakly).options;
  expect(of('other')).toMatchObject({ ttlMs: 20_000, maxHoldMs: 300_000, job: 'nightly', retry: { maxWaitMs: 7_000, delayMs: 50 } });
  expect(of('events')).toMatchObject({ ttlMs: 5_000, onStoreDown: 'run' });
  expect(of('events', { ttlMs: 6_000, ...wait })).toMatchObject({ ttlMs: 6_000, retry: { maxWaitMs: 9_000, delayMs: 50 } });
  expect(of('events', wait, { retry: { maxWaitMs: 8_000 }, job: 'weak', maxHoldMs: 1 })).toMatchObject({
    retry: { maxWaitMs: 8_000 },
    job: 'nightly',
    maxHoldMs: 1,
  });
  expect(of(['events', 'visits'])).toMatchObject({ ttlMs: 6_000, minHoldMs: 6_000, onStoreDown: 'skip' });
});

test('a call may set right what does not go together without it', () => {
  const at = new Plans(resolveSettings({ store: memoryStore(), minHoldMs: 40_000 }));
  for (const wanted of ['events', { appends: 'events' }] as const) {
    expect(() => at.of(wanted, undefined)).toThrow('minHoldMs: received 40000; at most ttlMs (30000) is allowed');
    expect(at.of(wanted, { ttlMs: 40_000 }).options).toMatchObject({ ttlMs: 40_000, minHoldMs: 40_000 });
  }
});

test('what a call asks for as others did costs no planning', () => {
  const at = plans();
  for (const wanted of [() => 'events', () => ({ appends: ['events'], reads: 'visits' }), () => ['events', 'visits']]) {
    expect(at.of(wanted(), undefined)).toBe(at.of(wanted(), undefined));
    expect(at.of(wanted(), { job: 'a' }).needs).toBe(at.of(wanted(), { job: 'b' }).needs);
  }
});
