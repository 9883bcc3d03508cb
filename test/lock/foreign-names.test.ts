import { expect, test } from '@jest/globals';
import { createLocker, LockLostError, ResourceBusyError } from '../../src/index.ts';
import type { Holder } from '../../src/lock/holder.ts';
import { encodeRecord } from '../../src/lock/record/record.ts';
import { logObserver } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

const evil = `\u001b[2J\u202eevil\u0000\n${'x'.repeat(5_000)}`;
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const holder = (fields: Partial<Holder> = {}): Holder => ({
  resource: 'events',
  mode: 'append',
  token: 't',
  job: evil,
  host: evil,
  pid: 7,
  since: new Date(0),
  state: 'holding',
  ...fields,
});

test('a message about holders is one line of bounded length, whatever they are called', () => {
  const holders = Array.from({ length: 256 }, () => holder());
  const line = Array.from({ length: 256 }, (_, index) => holder({ state: 'waiting', place: index + 1 }));
  const { message } = new ResourceBusyError('events', [...holders, ...line], 0);
  expect(message).not.toMatch(unprintable);
  expect(message.length).toBeLessThan(5_000);
  expect(message).toMatch(/ and 251 more; waited for by .* and 253 more$/);
});

test('a message says how many hold it of those that may, and who is in line', () => {
  const holders = [holder({ job: 'a', host: 'h', limit: 4 }), holder({ job: 'b', host: 'h', limit: 2 })];
  const next = holder({ job: 'c', host: 'h', mode: 'write', state: 'waiting', place: 1 });
  expect(new ResourceBusyError('events', [...holders, next], 5).message).toBe(
    '"events" is busy after waiting 5 ms: held by a on h (pid 7, append, since 1970-01-01T00:00:00.000Z); b on h (pid 7, append, since 1970-01-01T00:00:00.000Z) (2 of 2); waited for by c on h (pid 7, write, since 1970-01-01T00:00:00.000Z, in line at place 1)',
  );
  expect(new ResourceBusyError('events', [next], 0).message).toMatch(/^"events" is busy: waited for by c /);
  expect(new ResourceBusyError('events', [], 0).message).toBe('"events" is busy: held by somebody unknown');
});

test('a name that was handed over is printed as any other', () => {
  expect(new LockLostError(evil, 'vanished').message).not.toMatch(unprintable);
});

test('what others wrote into a record begins no line of a log, and fills none', async () => {
  const store = memoryStore();
  const at = Date.now();
  const entrant = {
    token: 't',
    mode: 'write',
    job: evil,
    host: evil,
    pid: 7,
    since: at,
    ttlMs: 5_000,
    until: at + 5_000,
    beat: 1,
  } as const;
  await store.create('giveway:events', encodeRecord({ v: 1, at, holders: [entrant], line: [] }), 5_000);
  await using locker = createLocker({ store });
  const said: string[] = [];
  const write = (_: object, message: string): void => void said.push(message);
  using _log = logObserver(locker, { debug: write, info: write, warn: write, error: write });
  expect(await locker.run('events', () => {})).toMatchObject({ status: 'skipped', holders: [{ job: evil }] });
  expect(said.length).toBeGreaterThan(0);
  for (const message of said) {
    expect(message).not.toMatch(unprintable);
    expect(message.length).toBeLessThan(1_000);
  }
});
