import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Entry } from '../../src/lock/store.ts';
import { hearAnnouncements } from '../../src/stores/announcements.ts';
import { createSubscribers } from '../../src/stores/subscribers.ts';

describe('what is said on the channel of a store', () => {
  let told: (string | undefined)[];
  let hear: (message: string) => void;
  beforeEach(() => {
    told = [];
    const subscribers = createSubscribers();
    for (const key of ['a', 'b']) subscribers.add(key, (now) => told.push(`${key} ${now?.value}`));
    hear = hearAnnouncements(subscribers, (text): Entry | undefined => (text.startsWith('!') ? { value: text, version: {} } : undefined));
  });

  test('a key alone has changed; with what stands there it is told once, though the key follows', () => {
    for (const message of ['a', 'a\n!1', 'a', 'a', 'a\n!2', 'a\n!3', 'a']) hear(message);
    expect(told).toEqual(['a undefined', 'a !1', 'a undefined', 'a !2', 'a !3']);
  });

  test('between the two, on a cluster, may come what another node says: then the key is told once more, and never too seldom', () => {
    for (const message of ['a\n!1', 'b', 'a', 'b\n!2', 'a\n!3', 'b', 'a']) hear(message);
    expect(told).toEqual(['a !1', 'b undefined', 'a undefined', 'b !2', 'a !3', 'b undefined', 'a undefined']);
  });

  test('what comes after a line end and is no text of ours belongs to the key', () => {
    hear('a\nb');
    expect(told).toEqual([]);
  });
});
