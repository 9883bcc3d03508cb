/** Of work that has ended, of which a minimum hold is left, every observer tells when that ends. */
import { expect, test } from '@jest/globals';
import { createJournal, logObserver } from '../../src/observe/index.ts';
import { entryOf } from '../../src/observe/journal/read-row.ts';
import { twoLockers } from './fleet.ts';

test('the journal and the log tell of the end that the locker tells', async () => {
  const [a, b] = twoLockers({ job: 'load' }, { job: 'rollup' });
  await a.run('events', () => {}, { minHoldMs: 30_000, maxHoldMs: 3_600_000 });
  const [held] = await b.inspect('events');
  const journal = createJournal();
  journal.observe(b);
  const logged: object[] = [];
  const note = (fields: object): unknown => logged.push(fields);
  logObserver(b, { debug: () => {}, info: note, warn: note, error: note });

  await b.run('events', () => {});
  const seen = { job: 'load', state: 'min-hold', latestEnd: held?.latestEnd };
  expect(held?.latestEnd?.getTime()).toBeLessThan(Date.now() + 30_000);
  expect(await journal.entries()).toMatchObject([{ kind: 'skip', holders: [seen] }]);
  expect(logged).toMatchObject([{ event: 'skipped', holders: [seen] }]);
});

test('a row is told as it was written: older versions left the end out, or had that of the whole hold', () => {
  const at = new Date('2026-11-28T02:00:00Z');
  const told = (holder: object): unknown =>
    entryOf({
      ...{ kind: 'skip', resource: 'events', job: 'rollup', host: 'h', pid: 1, started_at: at, ended_at: at, is_over: true },
      ...{ outcome: 'busy', waited_ms: 0, details: { holders: [JSON.parse(JSON.stringify(holder))] } },
    });
  const holder = { resource: 'events', mode: 'write', job: 'load', host: 'h', pid: 1, since: at, state: 'min-hold' } as const;
  expect(told(holder)).toMatchObject({ holders: [holder] });
  const longer = { ...holder, latestEnd: new Date('2026-11-28T03:00:00Z') };
  expect(told(longer)).toMatchObject({ holders: [longer] });
});
