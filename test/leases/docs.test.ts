import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from '@jest/globals';
import { resolveClientOptions } from '../../src/leases/check-options.ts';
import { type AcquireLockOptions, LockClient, LockItem, type SendHeartbeatOptions } from '../../src/leases/index.ts';
import { acquireRules, clientRules, getRules, heartbeatRules, releaseRules } from '../../src/leases/option-rules.ts';
import { memcachedStore } from '../../src/stores/memcached/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { codeBlocks } from '../docs/code-blocks.ts';
import { projectFolder } from '../docs/project-folder.ts';
import { describeWith } from '../support/shared.ts';

const page = readFileSync(join(__dirname, '../../docs/leases.md'), 'utf8');

interface Row {
  readonly java: string | undefined;
  /** `undefined`: not offered. */
  readonly here: string | undefined;
  readonly says: string;
  readonly third: string;
}

function rowsOf(heading: string): readonly Row[] {
  const section = page.split(`### ${heading}\n`)[1]?.split(/\n##/)[0] ?? '';
  const rows = [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \|([^|\n]*)\|/gm)].slice(1);
  const bare = (cell = ''): string | undefined => /^`(.+)`$/.exec(cell)?.[1];
  return rows
    .filter(([, java]) => !java?.startsWith('-'))
    .map(([, java, here, third]) => ({ java: bare(java), here: bare(here), says: here ?? '', third: third?.trim() ?? '' }));
}

const offered = (heading: string): string[] => rowsOf(heading).flatMap(({ here }) => here ?? []);

/** What instances of a class have, by name: methods and getters. */
const membersOf = (prototype: object): string[] => Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');

const client = new LockClient({ store: memoryStore() });
const tryOption: Record<string, (option: object) => Promise<unknown>> = {
  'Options of the client': async (option) => new LockClient({ store: memoryStore(), ...option }),
  'Options of acquireLock': (option) => client.acquireLock({ partitionKey: 'a', ...option } as AcquireLockOptions),
  'Options of releaseLock': async (option) => client.releaseLock({ lockItem: await anItem(), ...option }),
  'Options of sendHeartbeat': async (option) => client.sendHeartbeat({ lockItem: await anItem(), ...option } as SendHeartbeatOptions),
  'Options of getLockFromStore': (option) => client.getLockFromStore({ partitionKey: 'a', ...option }),
};
let items = 0;
const anItem = (): Promise<LockItem> => client.acquireLock({ partitionKey: `item ${items++}` });

describeWith('memcached', (service) => {
  const folder = projectFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('the example of docs/leases.md runs, and says who has the seat', async () => {
    const [example] = codeBlocks('docs/leases.md').filter(({ language }) => language === 'ts');
    const code = (example?.code ?? '').replaceAll('localhost:11211', service.url);
    const rival = new LockClient({ store: memcachedStore({ servers: service.url }) });
    const run = async (): Promise<{ stdout: string; stderr: string }> => {
      writeFileSync(join(folder, 'block.ts'), code);
      return promisify(execFile)(process.execPath, ['--import', 'tsx', 'block.ts'], { cwd: folder, timeout: 25_000 });
    };
    expect(await run()).toEqual({ stdout: '', stderr: '' });
    await rival.acquireLock({ partitionKey: 'seat', sortKey: 'A5', data: 'Bob' });
    expect(await run()).toEqual({ stdout: 'taken by Bob\n', stderr: '' });
    await rival.close();
  });
});

describe('the tables of docs/leases.md', () => {
  test.each([
    ['Client', LockClient.prototype],
    ['Item', LockItem.prototype],
  ])('%s: what is offered is there, and all that is there is listed', (heading, prototype) => {
    expect(offered(heading).sort()).toEqual(membersOf(prototype).sort());
    const missing = rowsOf(heading).filter(({ here }) => here === undefined);
    expect(missing.filter(({ java, says }) => says !== 'none' || membersOf(prototype).includes(java ?? ''))).toEqual([]);
  });

  test.each([
    ['Options of the client', clientRules],
    ['Options of acquireLock', acquireRules],
    ['Options of releaseLock', releaseRules],
    ['Options of sendHeartbeat', heartbeatRules],
    ['Options of getLockFromStore', getRules],
  ])('%s: what is offered is known, all that is known is listed, the rest is refused by name', async (heading, rules) => {
    expect(offered(heading).sort()).toEqual(Object.keys(rules).sort());
    for (const { java, here, says } of rowsOf(heading)) {
      if (java === undefined || java === here) continue;
      expect([here, says]).toEqual(here === undefined ? [undefined, 'refused'] : [`${java}Ms`, `\`${here}\``]);
      await expect(tryOption[heading]?.({ [java]: 1 })).rejects.toMatchObject({ name: 'InvalidOptionError', path: java });
    }
  });

  test('the defaults of the client are those of the code', () => {
    const { beats: createHeartbeatBackgroundThread, ...settings } = resolveClientOptions({ store: memoryStore() });
    const actual: Record<string, unknown> = { ...settings, createHeartbeatBackgroundThread };
    const told = rowsOf('Options of the client').filter(({ here, third }) => here !== undefined && third.startsWith('`'));
    expect(told.length).toBeGreaterThanOrEqual(6);
    expect(Object.fromEntries(told.map(({ here, third }) => [here, third]))).toEqual(
      Object.fromEntries(told.map(({ here = '' }) => [here, `\`${actual[here]}\``])),
    );
  });

  test('every public name of the Java clients is in them', () => {
    const named = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    const java =
      `acquireLock tryAcquireLock hasLock releaseLock getLock getLockFromDynamoDB getAllLocksFromDynamoDB getLocksByPartitionKey sendHeartbeat
      lockTableExists assertLockTableExists createLockTableInDynamoDB run close createLockCache lockCacheExists
      getPartitionKey getSortKey getData getAdditionalAttributes getOwnerName getLookupTime getRecordVersionNumber getLeaseDuration getDeleteLockItemOnClose
      isExpired sendHeartBeat ensure amIAboutToExpire updateLookUpTime equals hashCode toString isReleased
      tableName cacheName partitionKeyName sortKeyName ownerName leaseDuration heartbeatPeriod timeUnit createHeartbeatBackgroundThread holdLockOnServiceUnavailable
      maxLockObservationCacheSize namedThreadCreator totalNumBackgroundThreadsForHeartbeating totalNumThreadsForAcquiringLocks
      partitionKey sortKey data replaceData deleteLockOnRelease acquireOnlyIfLockAlreadyExists refreshPeriod additionalTimeToWaitForLock additionalAttributes
      updateExistingLockRecord acquireReleasedLocksConsistently shouldSkipBlockingWait reentrant sessionMonitor
      lockItem deleteLock bestEffort deleteData leaseDurationToEnsure`.split(/\s+/);
    expect(java.filter((name) => !named.includes(name))).toEqual([]);
  });

  test('every behaviour from 39 to 87 has a test, or a row that says why not', () => {
    const tests = readdirSync(__dirname)
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => readFileSync(join(__dirname, file), 'utf8'))
      .join('\n');
    const tested = [...tests.matchAll(/^ +(?:\)\(|test\(|test\.each.*\(|\]\)\()?\s*['"](\d[\d, ]*): /gm)].flatMap(([, numbers = '']) =>
      numbers.split(', '),
    );
    const explained = [...(page.split('## Behaviours')[1] ?? '').matchAll(/^\| (\d[\d, ]*) \|/gm)].flatMap(([, numbers = '']) =>
      numbers.split(', '),
    );
    const all = Array.from({ length: 87 - 39 + 1 }, (_, index) => String(39 + index));
    expect(all.filter((number) => !tested.includes(number))).toEqual(['40']);
    expect(explained).toContain('40');
  });
});
