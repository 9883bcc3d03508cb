import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Ear } from '../../../src/stores/redis/adapter.ts';
import { createListener, type Listener } from '../../../src/stores/redis/listener.ts';

const patienceMs = 5_000;

describe('the connection that listens', () => {
  let ears: (Ear & { readonly close: jest.Mock })[];
  let listener: Listener;
  let told: number;

  beforeEach(() => {
    jest.useFakeTimers();
    [ears, told] = [[], 0];
    const openEar = (ear: Ear): { close(): void } => {
      const opened = { ...ear, close: jest.fn() };
      ears.push(opened);
      return opened;
    };
    listener = createListener(openEar, () => {});
  });
  afterEach(() => void jest.useRealTimers());

  function subscribe(): Ear {
    listener.subscribe('key', () => {
      told += 1;
    });
    return ears.at(-1) as Ear;
  }

  test('is deaf until it hears; then all are told to look', () => {
    expect(listener.isDeaf).toBe(false); // nobody has asked
    const ear = subscribe();
    expect(listener.isDeaf).toBe(true);
    ear.onListening(true);
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 1, isDeaf: false });
  });

  test('that breaks and is soon back tells all once', () => {
    const ear = subscribe();
    ear.onListening(true);
    ear.onLost();
    jest.advanceTimersByTime(patienceMs - 1);
    ear.onLost();
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 1, isDeaf: true });
    ear.onListening(true);
    jest.advanceTimersByTime(2 * patienceMs);
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 2, isDeaf: false });
  });

  test('that does not come back lets those who sleep look for themselves', () => {
    const ear = subscribe();
    ear.onListening(true);
    ear.onLost();
    jest.advanceTimersByTime(patienceMs);
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 2, isDeaf: true });
  });

  test('that has ended for good tells all at once; the next subscriber opens another, which the first one no longer touches', () => {
    const first = subscribe();
    first.onListening(true);
    first.onEnd();
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 2, isDeaf: true });
    const second = subscribe();
    second.onListening(true);
    first.onEnd();
    expect({ opened: ears.length, isDeaf: listener.isDeaf }).toEqual({ opened: 2, isDeaf: false });
    subscribe();
    expect(ears).toHaveLength(2);
    listener.close();
    expect(ears[1]?.close).toHaveBeenCalledTimes(1);
  });

  test('of a cluster, which changes it without a word, is never relied on', () => {
    const ear = subscribe();
    ear.onListening(false);
    expect({ told, isDeaf: listener.isDeaf }).toEqual({ told: 1, isDeaf: true });
  });

  test('closed by us tells nobody', () => {
    const ear = subscribe();
    ear.onListening(true);
    ear.onLost();
    listener.close();
    ear.onEnd();
    jest.advanceTimersByTime(2 * patienceMs);
    expect(told).toBe(1);
  });
});
