import { expect, test } from '@jest/globals';
import { Outbox } from '../../../src/stores/memcached/outbox.ts';

/** An outbox, what it has sent, and a way to write into it. */
function open(): { outbox: Outbox; sent: string[]; write(text: string): void; end(): void } {
  const sent: Buffer[] = [];
  const socket = { destroyed: false, write: (bytes: Buffer) => void sent.push(bytes) };
  const outbox = new Outbox(socket);
  return {
    outbox,
    write(text) {
      const start = outbox.begin(3 * text.length);
      outbox.push(start + outbox.bytes.write(text, start));
    },
    get sent() {
      return sent.map(String); // read late: what was sent must not be written over
    },
    end() {
      socket.destroyed = true;
    },
  };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what one tick asks for leaves in one piece, in order, and the next in another', async () => {
  const box = open();
  for (const text of ['before', 'it']) box.write(text);
  await tick();
  for (const text of ['a', 'ä', '😀']) box.write(text);
  expect(box.sent).toEqual(['before', 'it']);
  await tick();
  for (const text of ['b', 'c']) box.write(text);
  await tick();
  expect(box.sent).toEqual(['before', 'it', 'aä😀', 'bc']);
});

test('where one thing is asked for at a time, it leaves at once, and so does the first of several that come then', async () => {
  const box = open();
  box.write('a');
  expect(box.sent).toEqual(['a']);
  await tick();
  box.write('b');
  expect(box.sent).toEqual(['a', 'b']);
  await tick();
  for (const text of ['c', 'd', 'e']) box.write(text);
  expect(box.sent).toEqual(['a', 'b', 'c']);
  await tick();
  expect(box.sent).toEqual(['a', 'b', 'c', 'de']);
  box.write('f');
  expect(box.sent).toEqual(['a', 'b', 'c', 'de']);
  await tick();
  box.write('g');
  expect(box.sent).toEqual(['a', 'b', 'c', 'de', 'f', 'g']);
});

test('however much that is, and however often there is more', async () => {
  const box = open();
  const texts = Array.from({ length: 50 }, (_, index) => `${index} `.repeat(1_500));
  const large = 'x'.repeat(1_000_000);
  for (const text of texts) box.write(text);
  await tick();
  for (const text of [...texts, large, 'end']) box.write(text);
  await tick();
  box.write('more');
  await tick();
  expect(box.sent.join('')).toBe([...texts, ...texts, large, 'end', 'more'].join(''));
});

test('a burst is not put together again for each that joins it', async () => {
  const box = open();
  const memories = new Set<ArrayBufferLike>();
  for (let count = 0; count < 10_000; count++) {
    box.write('a request, and so on'.repeat(12));
    memories.add(box.outbox.bytes.buffer);
  }
  await tick();
  expect(box.sent.join('')).toHaveLength(10_000 * 240);
  // There were thousands of up to two megabytes each, and a second's work in all.
  expect(memories.size).toBeLessThan((2 * 10_000 * 240) / 65_536);
});

test('what is asked for while a tick ends leaves at once, too', async () => {
  const box = open();
  box.write('a');
  process.nextTick(() => box.write('b'));
  await tick();
  expect(box.sent.join('')).toBe('ab');
});

test('nothing is written on a socket that is gone', async () => {
  const box = open();
  for (const text of ['a', 'b']) box.write(text);
  box.end();
  await tick();
  box.write('c');
  await tick();
  expect(box.sent).toEqual(['a']);
});
