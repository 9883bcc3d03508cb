import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLocker, ResourceBusyError } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { key, newKinds, oldKinds, resource, textsBy, withoutPush } from './written.ts';

interface Made {
  readonly text: string;
  readonly holders: number;
  readonly joined: Readonly<Record<string, string>>;
}

/** What 0.1.0 itself wrote, and made of our texts: asked by ask-packed.node.ts. */
const { written, read } = JSON.parse(readFileSync(join(__dirname, 'beside.json'), 'utf8')) as {
  readonly written: Readonly<Record<string, string>>;
  readonly read: Readonly<Record<string, Made>>;
};
const joined = Object.entries(read).flatMap(([name, made]) =>
  Object.entries(made.joined).map(([mode, text]) => [`${name}, ${mode}`, text] as const),
);

/** The holders that 0.1.0 sees: of one JSON text, or none. */
function seenBy010(text: string): readonly Record<string, unknown>[] {
  try {
    const record = JSON.parse(text);
    return record.v === 1 ? record.holders : [];
  } catch {
    return [];
  }
}

/** A text as it stands in a store, and lockers of this version there. */
async function standing(text: string) {
  const clock = fakeClock();
  const store = memoryStore({ clock });
  await store.create(key, text, 30_000);
  await clock.advance(20);
  const open = () => createLocker({ store: withoutPush(store), clock });
  const now = async () => (await store.read(key))?.value ?? 'nothing';
  return { clock, open, now };
}

describe('what 0.1.0 wrote', () => {
  test.each([...Object.entries(written), ...joined])('%s: is read, and left alone by whoever may not enter', async (_, text) => {
    const { open, now } = await standing(text);
    expect(await open().inspect(resource)).toHaveLength(seenBy010(text).length);
    expect(await open().tryLock(resource)).toBeUndefined();
    expect(await now()).toBe(text);
  });

  test.each([...Object.entries(written), ...joined])(
    '%s: whoever waits adds nothing to it, for 0.1.0 could not read it any more',
    async (_, text) => {
      const { clock, open, now } = await standing(text);
      const waiting = open().lock(resource, { retry: { maxWaitMs: 500 } });
      const outcome = waiting.then(
        () => 'taken',
        (error: unknown) => error,
      );
      await clock.advance(300);
      expect(await now()).toBe(text);
      await clock.advance(300);
      expect(await outcome).toBeInstanceOf(ResourceBusyError);
      expect(await now()).toBe(text);
    },
  );

  test('a sharer that joins, renews and leaves lets 0.1.0 read its own entry, unchanged', async () => {
    const { clock, open, now } = await standing(written['sharers'] as string);
    const theirs = seenBy010(written['sharers'] as string);
    const lock = await open().tryLock({ appends: resource });
    const impatient = open()
      .lock(resource, { retry: { maxWaitMs: 15_000 } })
      .catch(() => 'busy');
    for (const passes of [0, 11_000]) {
      await clock.advance(passes);
      expect(seenBy010(await now()).slice(0, 2)).toEqual(theirs);
      expect(seenBy010(await now())).toHaveLength(3);
    }
    await lock?.unlock();
    expect(seenBy010(await now())).toEqual(theirs);
    await clock.advance(5_000);
    expect(await impatient).toBe('busy');
  });
});

describe('what this version writes', () => {
  test('is what 0.1.0 was asked about; else ask it again', async () => {
    const ours = await textsBy(createLocker, { ...oldKinds, ...newKinds });
    const asked = Object.entries(read).map(([name, { text }]) => [name, shapeOf(text)]);
    expect(Object.entries(ours).map(([name, text]) => [name, shapeOf(text)])).toEqual(asked);
  });

  test.each(Object.entries(read))('%s: 0.1.0 sees its holders, or leaves it alone', (_, { text, holders, joined: after }) => {
    expect(seenBy010(text)).toHaveLength(holders);
    if (holders === 0) expect(after).toEqual({});
    for (const each of Object.values(after)) expect(seenBy010(each).slice(0, -1)).toEqual(seenBy010(text));
  });
});

/** Its fields and their types, line by line. */
function shapeOf(text: string): readonly unknown[] {
  return text.split('\n').map((line) => JSON.parse(line, (_, value) => (typeof value === 'object' ? value : typeof value)));
}
