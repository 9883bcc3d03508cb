import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import { moment } from '../../src/cli/moments.ts';
import { createLocker, StoreUnavailableError } from '../../src/index.ts';
import { takeFire } from '../../src/jobs/fires.ts';
import { postgresJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith, uniqueName } from '../support/shared.ts';
import { giveway } from './in-process.ts';
import { dedupeTurns, playNight, writeNight } from './night.ts';

/** 02:00 on this machine's clock, some days ago. */
const start = new Date(Date.now() - 3 * 86_400_000);
start.setHours(2, 0, 0, 0);
const day = [start.getFullYear(), start.getMonth() + 1, start.getDate()].map((part) => String(part).padStart(2, '0')).join('-');

interface Told {
  readonly at: string;
  readonly askedAt: string;
  readonly resource: string;
  readonly place: number;
  readonly enoughMs: number | null;
  readonly moveByMinutes: number | null;
  readonly holders: readonly { readonly job: string; readonly host: string; readonly since: string; readonly heldMs: number | null }[];
}

describe('a time', () => {
  const now = new Date(2026, 10, 28, 19, 30).getTime();
  test.each([
    ['02:00', undefined, new Date(2026, 10, 28, 2)],
    ['23:15:30', undefined, new Date(2026, 10, 27, 23, 15, 30)],
    ['04:00', new Date(2026, 10, 27, 2), new Date(2026, 10, 27, 4)],
    ['01:00', new Date(2026, 10, 27, 2), new Date(2026, 10, 28, 1)],
    ['90m', undefined, new Date(2026, 10, 28, 18)],
    ['2026-11-20', undefined, new Date(2026, 10, 20)],
    ['2026-11-20 02:30', undefined, new Date(2026, 10, 20, 2, 30)],
    ['2026-11-20T02:30:00Z', undefined, new Date(Date.UTC(2026, 10, 20, 2, 30))],
  ])('%s, after %s', (text, after, expected) => {
    expect(moment(text)(now, after)).toEqual(expected);
  });

  test.each(['25:00', 'yesterday', '2026-13-40', '5', '', '-1h'])('%j is refused', async (text) => {
    const { code, err } = await giveway(['why', 'events', '--since', text, '--store', 'memory:']);
    expect(code).toBe(64);
    expect(err).toMatch(/^giveway: option '--since <time>' argument .* is invalid\. A time such as 02:00, /);
  });
});

describeWith('postgres', (service) => {
  const table = uniqueName('journal');
  let pool: Pool;
  let folder: string;

  beforeAll(async () => {
    pool = new Pool({ connectionString: service.url });
    folder = mkdtempSync(join(tmpdir(), 'giveway-why-'));
    await writeNight(pool, start.getTime(), table);
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await pool.end();
  });

  const why = (...args: readonly string[]) =>
    giveway(['why', ...args, '--journal-table', table], { cwd: folder, env: { GIVEWAY_JOURNAL: service.url, GIVEWAY_STORE: 'memory:' } });
  const window = ['--since', `${day} 02:00`, '--until', '04:00'];
  const skipsOf = async (...args: readonly string[]): Promise<readonly Told[]> =>
    (JSON.parse((await why(...args, '--json')).out) as { lastSkips: readonly Told[] }).lastSkips;
  const played = (index: number, change: { onBusy?: 'retry'; at?: number }) =>
    playNight(
      start.getTime(),
      () => {},
      (each) => (each === index ? change : {}),
    );
  /** How many met somebody. */
  const metIn = (night: Awaited<ReturnType<typeof played>>): number =>
    night.filter((one) => one.status === 'skipped' || one.waitedMs > 0).length;

  test('names who was in the way of each skip, and for how long; what would have been enough is so when it is played again', async () => {
    const skips = [...(await skipsOf('nightly-dedupe', ...window))].sort((a, b) => a.at.localeCompare(b.at));
    const said = skips.map(({ at, resource, place, holders }) => [
      (Date.parse(at) - start.getTime()) / 60_000,
      resource,
      place,
      holders.map(({ job, heldMs }) => `${job} ${heldMs}`),
    ]);
    expect(said).toEqual([
      [8.5, 'visits', 1, ['rollup 290000']],
      [10.5, 'events', 1, ['load 102000']],
      [61.5, 'events', 2, ['load 137000', 'backfill 30000']],
    ]);
    for (const { at, enoughMs, moveByMinutes } of skips) {
      const minute = (Date.parse(at) - start.getTime()) / 60_000;
      const index = dedupeTurns.find((turn) => minuteOf(turn) === minute) as number;
      expect((await played(index, { onBusy: 'retry' }))[index]).toMatchObject({ status: 'ran', waitedMs: enoughMs });
      const move = moveByMinutes as number;
      const moved = await played(index, { at: minute + move });
      expect(moved[index]).toMatchObject({ status: 'ran', waitedMs: 0 });
      expect(metIn(moved)).toBe(metIn(await played(index, {})) - 1);
      // Nearer by, either it meets somebody or somebody meets it.
      for (const nearer of Array.from({ length: Math.abs(move) - 1 }, (_, step) => [step + 1, -step - 1]).flat())
        expect(metIn(await played(index, { at: minute + nearer }))).toBeGreaterThan(metIn(moved));
    }
  });

  test('says it in words, for a job as for a table', async () => {
    const { code, out } = await why('nightly-dedupe', ...window);
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(new RegExp(`^nightly-dedupe: skips and waits from ${day} 02:00:00 until ${day} 04:00:00:\n`)),
    });
    expect(out).toMatch(
      /\n {2}\d+d\b.* ago: nightly-dedupe on \S+, pid \d+, was skipped: it was busy, held by load \(write\) on etl-0, pid \d+ and 1 more\n/,
    );
    expect(out).toContain(`    ${day} 03:01:30, wanted events (write), visits (read); events was busy, place 2 in line\n`);
    expect(out).toContain(`    in the way: load (write) on etl-0, from ${day} 03:00:00 to ${day} 03:02:17, 2m 17s in all\n`);
    expect(out).toContain(`    ahead in line: backfill (append) on etl-1, from ${day} 03:02:17 to ${day} 03:02:47, 30s in all\n`);
    expect(out).toMatch(
      /\n {4}a wait of 1m 17s would have been enough\n {4}moved (?:by \d+ minutes?|\d+ minutes? earlier) it meets nobody\n/,
    );
    const table = await why('events', ...window);
    expect(table.out).toMatch(/^events is free\.\nSkips and waits from /);
    expect(table.out).toMatch(/: backfill on \S+, pid \d+, ran after 1m 17s of waiting: it was busy, held by load /);
    expect((await why('orders', '--job')).out).toBe('orders: last skips: none in the journal.\n');
  });

  test('lists the fires of a job that were skipped since the store was down', async () => {
    const down = async (): Promise<never> => Promise.reject(new StoreUnavailableError('it is away'));
    const locker = createLocker({ store: { ...memoryStore(), create: down, read: down }, host: 'etl-9' });
    const journal = postgresJournal({ pool, table });
    journal.observe(locker);
    const slot = new Date(start.getTime() + 60_000);
    const fire = { key: `nightly-export:${slot.toISOString()}`, name: 'nightly-export', slot, job: 'nightly-export' };
    expect(await takeFire(locker, fire, 60_000, {})).toMatchObject({ status: 'skipped', reason: 'store-down' });
    await Promise.all([journal.close(), locker.close()]);
    const { out } = await why('nightly-export', '--last', '3');
    expect(out).toMatch(
      /^nightly-export: last skips:\n {2}\S+ ago: nightly-export on .*, its fire of \S+ 02:01:00 was skipped: the store did not answer\n/,
    );
    const { lostFires } = JSON.parse((await why('nightly-export', '--json')).out);
    expect(lostFires).toEqual([{ at: expect.any(String), slot: slot.toISOString(), host: expect.any(String), pid: process.pid }]);
  });

  test('says that there was more, and shows as many as are asked for', async () => {
    const { out } = await why('nightly-dedupe', '--last', '2');
    expect(out.match(/ ago: /g)).toHaveLength(2);
    expect(out).toContain('\nThere were more: --last 4 shows as many of them.\n');
  });

  test('names what is near to what is unknown, jobs included', async () => {
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', resources: ['events', 'visits'] }));
    const strict = (...args: readonly string[]) =>
      giveway(['why', ...args, '--journal-table', table], { cwd: folder, env: { GIVEWAY_JOURNAL: service.url } });
    expect(await strict('nightly-dedup')).toMatchObject({ code: 64, err: expect.stringContaining('did you mean "nightly-dedupe"?') });
    expect(await strict('vists')).toMatchObject({
      code: 64,
      err: 'giveway: "vists" is neither a listed table nor a job that journal or config know; did you mean "visits"?\n',
    });
    expect(await strict('nightly-dedupe')).toMatchObject({ code: 0, out: expect.stringMatching(/^nightly-dedupe: last skips:\n/) });
    expect(await strict('lod', '--job')).toMatchObject({
      code: 64,
      err: 'giveway: Neither journal nor config knows a job "lod"; did you mean "load"?\n',
    });
    expect(await giveway(['why', 'load', '--journal-table', 'nope'], { cwd: folder, env: { GIVEWAY_JOURNAL: service.url } })).toMatchObject(
      {
        code: 69,
        err: expect.stringMatching(
          /"load" is not a listed resource.* Whether it is a job cannot be told: the journal could not be read: relation "nope" /,
        ),
      },
    );
    expect(await giveway(['why', 'load'], { cwd: folder })).toMatchObject({
      code: 64,
      err: expect.stringContaining('Whether it is a job cannot be told: no journal is named.'),
    });
    const jobs = { 'never ran': { cron: '0 3 * * *', writes: 'events' } };
    writeFileSync(join(folder, 'giveway.config.json'), JSON.stringify({ store: 'memory:', resources: ['events', 'visits'], jobs }));
    expect(await strict('never ran')).toMatchObject({ code: 0, out: 'never ran: last skips: none in the journal.\n' });
    expect(await strict('never rn')).toMatchObject({ code: 64, err: expect.stringContaining('did you mean "never ran"?') });
    expect(await strict('events', '--until', '24h', '--since', '1h')).toMatchObject({
      code: 64,
      err: expect.stringContaining('--until: '),
    });
    expect(await strict('events', '--last', '0')).toMatchObject({
      code: 64,
      err: expect.stringContaining('A whole number from 1 to 1000'),
    });
  });
});

function minuteOf(turn: number): number {
  return [10.5, 8.5, 61.5, 55][dedupeTurns.indexOf(turn)] as number;
}
