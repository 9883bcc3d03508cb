/** Each acquisition has a fence of its own, greater than all before, and no holder waits for it. */
import { expect, test } from '@jest/globals';
import { stage } from './stage.ts';

test('the fence of whoever is next here is drawn while the one before works, where turns are short', () =>
  stage('postgres', async ({ member, p1, settle, pass }) => {
    await settle((await settle(p1.lock('t'))).unlock());
    const first = await settle(p1.lock('t'));
    const next = p1.lock('t');
    await pass(20);
    const requests = member('p1').connection.requests;
    void first.unlock();
    const second = await settle(next);
    expect(member('p1').connection.requests - requests).toBe(0);
    expect(second.fence as bigint).toBeGreaterThan(first.fence as bigint);
    const last = p1.lock('t');
    // Let go before its fence has come: it is waited for.
    void second.unlock();
    const third = await settle(last);
    expect(third.fence as bigint).toBeGreaterThan(second.fence as bigint);
    await settle(third.unlock());
  }));

test('a store that is down is not asked for the next fence again and again', () =>
  stage('postgres', async ({ member, p1, settle, pass, wire }) => {
    await settle((await settle(p1.lock('t'))).unlock());
    const first = await settle(p1.lock('t'));
    wire((_, { what }) => (what === 'replace' ? { what: 'refused' } : undefined));
    const next = p1.lock('t', { retry: { maxWaitMs: 3_000 } }).catch((error: { readonly code: string }) => error.code);
    const requests = member('p1').connection.requests;
    await pass(5_000);
    expect(member('p1').connection.requests - requests).toBeLessThan(10);
    expect(await settle(next)).toBe('ERR_GIVEWAY_BUSY');
    await settle(first.unlock());
  }));
