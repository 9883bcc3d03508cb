import { expect, test } from '@jest/globals';
import { Gates, type Kept } from '../../src/lock/shell/gates.ts';

const made = (id: string): Kept => ({ id, expected: 0, isIdle: false, isKept: false });

function use(gates: Gates<Kept>, id: string): Kept {
  const gate = gates.expect(gates.get(id, () => made(id)));
  gate.expected--;
  gates.rest(gate);
  return gate;
}

test('of ten thousand names used once, 128 are kept', () => {
  const gates = new Gates<Kept>();
  for (let index = 0; index < 10_000; index++) use(gates, `t${index}`);
  expect(gates.size).toBe(128);
  expect([...gates.all()].map(({ id }) => id)).toContain('t9999');
});

test('a name that is used again is the same gate', () => {
  const gates = new Gates<Kept>();
  const gate = use(gates, 'a');
  for (let times = 0; times < 1_000; times++) expect(use(gates, 'a')).toBe(gate);
  expect(gates.size).toBe(1);
});

test('one that is in use, or about to be, outlives any number of others', () => {
  const gates = new Gates<Kept>();
  const idle = use(gates, 'idle');
  const inUse = gates.expect(use(gates, 'in use'));
  inUse.expected--;
  const awaited = gates.expect(use(gates, 'awaited'));
  gates.rest(awaited);
  gates.forget(awaited);
  for (let index = 0; index < 1_000; index++) use(gates, `t${index}`);
  const all = [...gates.all()];
  expect(all).toContain(inUse);
  expect(all).toContain(awaited);
  expect(all).not.toContain(idle);
  expect(gates.size).toBe(130);
});
