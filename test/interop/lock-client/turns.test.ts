import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { dynamodbStore } from '../../../src/stores/dynamodb/index.ts';
import { clientFor } from '../../stores/dynamodb/tables.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { build } from './peer.ts';
import { takeTurns } from './turns.ts';

/** `GIVEWAY_TURNS=5000 npx jest test/interop/lock-client/turns` is the run at length. */
const turns = Number(process.env.GIVEWAY_TURNS ?? 400);
const turnsPerKill = 100;

describeWith('maven', (maven) => {
  describeWith('dynamodb', (service) => {
    const tableName = uniqueName('turns');
    let client: DynamoDBClient;
    beforeAll(async () => {
      client = clientFor(service.url);
      await build(maven.url);
      await dynamodbStore({ client, tableName, layout: 'lock-client', timeoutMs: 10_000 }).createTable();
    }, 300_000);
    afterAll(() => client.destroy());

    test(
      `two Java and two Node processes take ${turns} turns under one key, and are killed now and then: no overlap, no count lost`,
      async () => {
        const report = await takeTurns({ endpoint: service.url, tableName, turns, kills: Math.floor(turns / turnsPerKill) });
        process.stdout.write(`${JSON.stringify(report)}\n`);
        expect(report).toMatchObject({ overlaps: 0, lost: 0 });
        expect(report.count).toBeGreaterThanOrEqual(report.turns);
        expect(report.count).toBeLessThanOrEqual(report.turns + report.kills + 4);
        expect(report.javaTurns).toBeGreaterThan(0);
        expect(report.javaTurns).toBeLessThan(report.turns);
      },
      Math.max(300_000, turns * 1_000),
    );
  });
});
