import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, jest, test } from '@jest/globals';
import { Client } from 'pg';
import { describeWith, type Service } from '../support/shared.ts';

jest.setTimeout(120_000);

/** What the JSON document says of one way, as far as it is looked at here. */
interface Way {
  readonly conflicts: number;
  readonly rounds: number;
  readonly tally: Readonly<Record<'updates' | 'rollups' | 'batches' | 'reads', { readonly done: number }>>;
  readonly findings: Readonly<Record<'rows' | 'missing' | 'doubled' | 'unknown' | 'wrongDelays' | 'wrongRollup', number>>;
}

interface Demo {
  readonly exitCode: Promise<number | null>;
  readonly stdout: Promise<string>;
  /** Resolves when stderr has said `words`. */
  said(words: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
}

function startDemo(args: readonly string[], variables: Readonly<Record<string, string>> = {}): Demo {
  const { DATABASE_URL: _, MEMCACHED_SERVERS: __, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'demo/main.ts', ...args], { env: { ...inherited, ...variables } });
  let log = '';
  child.stderr.on('data', (chunk) => {
    log += chunk;
  });
  const ended = once(child, 'close');
  return {
    exitCode: ended.then(([code]) => code as number | null),
    stdout: text(child.stdout),
    async said(words) {
      while (!log.includes(words)) {
        await Promise.race([once(child.stderr, 'data'), ended.then(() => Promise.reject(new Error(`it ended, and had said:\n${log}`)))]);
      }
    },
    signal: (name) => void child.kill(name),
  };
}

async function schemasLeft({ url }: Service): Promise<number> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("select 1 from pg_namespace where nspname like 'giveway_demo_%'");
  await client.end();
  return rows.length;
}

describeWith('memcached', (memcached) => {
  describeWith('postgres', (postgres) => {
    const variables = () => ({ DATABASE_URL: postgres.url, MEMCACHED_SERVERS: memcached.url });

    test('every row arrives exactly once, conflicts go, and nothing is left behind', async () => {
      const demo = startDemo(['--seconds', '4', '--json'], variables());
      const { correct, without, with: withIt } = JSON.parse(await demo.stdout) as { correct: boolean; without: Way; with: Way };
      expect(await demo.exitCode).toBe(0);
      expect(correct).toBe(true);
      for (const { findings, tally, rounds } of [without, withIt]) {
        const rows = rounds * 20_000 + tally.batches.done * 20;
        expect(findings).toEqual({ rows, missing: 0, doubled: 0, unknown: 0, wrongDelays: 0, wrongRollup: 0 });
        for (const { done } of Object.values(tally)) expect(done).toBeGreaterThan(0);
      }
      expect(withIt.conflicts).toBeLessThan(without.conflicts);
      expect(await schemasLeft(postgres)).toBe(0);
    });

    test('a signal ends it, and nothing is left behind', async () => {
      const demo = startDemo(['--seconds', '600', '--json'], variables());
      await demo.said('conflicts');
      demo.signal('SIGTERM');
      expect(await demo.exitCode).toBe(143);
      expect(await schemasLeft(postgres)).toBe(0);
    });
  });
});

describe('with a PostgreSQL of its own, and locks in its lock table', () => {
  test('damaged tables are noticed, and the exit code is 1', async () => {
    const sabotage = `
      delete from flights where (pass, index) = (0, 0);
      insert into flights select * from flights where (pass, index) = (0, 1);
      insert into flights select 99, index, date, delay, distance, origin, destination from flights where (pass, index) = (0, 2);
      update airport_delays set flights = flights + 1 where airport = 'SFO';
      delete from state_delays where state = 'CA'`;
    const demo = startDemo(['--seconds', '2', '--json', '--store', 'postgres:'], { GIVEWAY_DEMO_SABOTAGE: sabotage });
    const { correct, without, with: withIt } = JSON.parse(await demo.stdout) as { correct: boolean; without: Way; with: Way };
    expect(await demo.exitCode).toBe(1);
    expect(correct).toBe(false);
    for (const { findings } of [without, withIt]) {
      expect(findings).toMatchObject({ missing: 1, doubled: 1, unknown: 1, wrongDelays: 1, wrongRollup: 1 });
    }
  });
});

test.each([
  { args: ['--seconds', '1'], says: '--seconds is "1"; a whole number from 2 to 3600 is allowed' },
  { args: ['--workers', '17'], says: '--workers is "17"; a whole number from 1 to 16 is allowed' },
  { args: ['--sekunds', '4'], says: "Unknown option '--sekunds'" },
  { args: ['--store', 'memory:'], says: '--store: "memory:" is for one process' },
])('$args is refused', async ({ args, says }) => {
  const demo = startDemo(args);
  await demo.said(says);
  expect(await demo.exitCode).toBe(64);
});
