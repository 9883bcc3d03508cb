import { expect, test } from '@jest/globals';
import { InsertError } from '../../src/warehouse/batches/insert-error.ts';
import { type ChunkFate, Lane } from '../../src/warehouse/batches/lane.ts';

const chunk = { columns: ['id'], first: 0, rows: 1, bytes: 1, lines: [], values: [] };

test.each([...Array(12).keys()])('a chunk that comes %i ticks after the last one was settled is not forgotten', async (ticks) => {
  const lane = new Lane({
    witness: { note: async () => undefined, fateOf: async () => 'unknown' },
    limits: { rows: 10, bytes: 10 },
    transaction: (work) => work(undefined as never),
    write: async () => {},
    metTwice: () => false,
  });
  const settled = (): Promise<ChunkFate> =>
    new Promise((resolve) => lane.add({ chunk, isUnwanted: () => false, settle: (fate) => resolve(fate) }));
  const second = new Promise<ChunkFate>((resolve) =>
    lane.add({
      chunk,
      isUnwanted: () => false,
      async settle() {
        for (let tick = 0; tick < ticks; tick++) await undefined;
        resolve(settled());
      },
    }),
  );
  expect(await second).toEqual({ status: 'in' });
});

test('a database that refuses on each of its addresses is named', () => {
  const cause = new AggregateError([new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')]);
  expect(new InsertError('events', [], [], cause).message).toBe(
    'Inserting into "events" stopped after 0 rows: connect ECONNREFUSED ::1:5432; connect ECONNREFUSED 127.0.0.1:5432.',
  );
});

test.each(['a row is refused', 'a row is met twice'])(
  '%s, and the lock is not had again: every chunk is told, and none waits for ever',
  async (what) => {
    const refused = Object.assign(new Error('duplicate key'), { code: '23505', severity: 'ERROR' });
    const busy = new Error('somebody has it');
    let locks = 0;
    let letIn = (): void => {};
    const entered = new Promise<void>((resolve) => {
      letIn = resolve;
    });
    const lane = new Lane({
      witness: { note: async () => undefined, fateOf: async () => 'unknown' },
      limits: { rows: 10, bytes: 10 },
      async transaction(work) {
        if (++locks > 1) throw busy;
        await entered;
        await work(undefined as never);
      },
      write: () => Promise.reject(refused),
      metTwice: () => what === 'a row is met twice',
    });
    const fates = ['one call', 'another'].map(
      () => new Promise<ChunkFate>((resolve) => lane.add({ chunk, isUnwanted: () => false, settle: resolve })),
    );
    letIn();
    expect(await Promise.all(fates)).toEqual(Array(2).fill({ status: 'not-in', error: busy }));
  },
);
