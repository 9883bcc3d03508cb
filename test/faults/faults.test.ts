import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import type { ProcessServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Backend, backends } from './backends.ts';
import { type Cell, type CellOptions, runCell } from './cell.ts';
import { nemeses } from './nemeses/index.ts';
import type { Nemesis } from './nemesis.ts';
import type { StoreName } from './stores.ts';
import { mistakes } from './unsafe.ts';

/** The short form of `npm run test:faults`, with the same choices every time. */
function onServer(name: StoreName, body: (strike: (fault: string, options?: Partial<CellOptions>) => Promise<Cell>) => void): void {
  describeWith(name, () => {
    const backend = backends.find((each) => each.name === name) as Backend;
    let server: ProcessServer;
    beforeAll(async () => {
      server = await backend.start();
    });
    afterAll(() => server.stop());
    body((fault, options = {}) => {
      const nemesis = nemeses.find((each) => each.name === fault) as Nemesis;
      return runCell({ backend, server }, nemesis, { seed: 'short', seconds: 1, ...options });
    });
  });
}

onServer('memcached', (strike) => {
  test('a fleet on a memcached that is killed and restarted: no promise is broken', async () => {
    const { verdict } = await strike('server killed');
    expect(verdict).toMatchObject({ unexplained: 0, findings: [] });
  }, 60_000);
});

onServer('postgres', (strike) => {
  test('a fleet on a postgres that is killed and restarted: nobody overlaps, nothing is forgotten', async () => {
    const { verdict } = await strike('server killed');
    expect(verdict).toMatchObject({ explained: 0, unexplained: 0, findings: [] });
  }, 60_000);
});

onServer('mysql', (strike) => {
  test.each(['server killed', 'reset after apply'])(
    'a fleet on a MariaDB, %s: nobody overlaps, nothing is forgotten',
    async (fault) => {
      const { verdict } = await strike(fault);
      expect(verdict).toMatchObject({ explained: 0, unexplained: 0, findings: [] });
    },
    60_000,
  );
});

describeWith('redis', () => {
  test('a cell begins on an empty server: a full one would forget what nobody struck', async () => {
    const backend = backends.find(({ name }) => name === 'redis') as Backend;
    const server = await backend.start();
    await backend.crowd?.(server);
    const client = new Redis(server.url);
    let others: readonly string[] | undefined;
    const look: Nemesis = {
      name: 'look',
      does: 'looks',
      async strike() {
        others = await client.keys('crowd*');
      },
    };
    const { verdict } = await runCell({ backend, server }, look, { seed: 'short', seconds: 0 });
    client.disconnect();
    await server.stop();
    expect(others).toEqual([]);
    expect(verdict).toMatchObject({ explained: 0, unexplained: 0, findings: [] });
  }, 60_000);
});

onServer('redis', (strike) => {
  test('a fleet on a redis whose replies are resets: no promise is broken', async () => {
    const { verdict } = await strike('reset after apply');
    expect(verdict).toMatchObject({ explained: 0, unexplained: 0, findings: [] });
  }, 60_000);

  test('a fleet whose holders block their event loops: no promise is broken, and the losses are signalled', async () => {
    const { verdict } = await strike('holder stalled');
    expect(verdict).toMatchObject({ explained: 0, unexplained: 0, findings: [] });
    expect(verdict.losses).toBeGreaterThan(0);
  }, 60_000);

  test('the same with an unconditional delete, and with deadlines that are judged without a margin: both are caught', async () => {
    const found = await Promise.all(
      mistakes.map(async ({ variant, shows }) => {
        const { verdict } = await strike('holder stalled', { variant, until: shows, seconds: 20 });
        return verdict.findings.some(({ kind }) => kind === shows);
      }),
    );
    expect(found).toEqual(mistakes.map(() => true));
  }, 60_000);
});
