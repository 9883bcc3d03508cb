import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import type { Version } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import { describeWith, uniqueName } from '../../support/shared.ts';
import { plainTransports } from './transports.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** As a record is put together: of some twenty pieces. */
function valueFor(index: number): string {
  let value = `{"v":1,"at":${1_760_000_000_000 + index},"holders":[`;
  for (let piece = 0; piece < 10; piece++) value += `{"token":"${piece}-${index}","pid":${index}},`;
  return value;
}

describeWith('memcached', (service) => {
  test.each([...plainTransports])('$name: a version that is kept costs little more than its value', async ({ options }) => {
    const store = memcachedStore({ servers: service.url, ...options });
    const prefix = uniqueName();
    const take = (index: number): Promise<Version | undefined> => store.create(`${prefix}:${index}`, valueFor(index), 30_000);
    for (let index = 0; index < 1_000; index++) await take(-index - 1);
    const emptyBytes = heapBytes();
    const kept: unknown[] = [];
    for (let index = 0; index < 5_000; index++) kept.push(await take(index));
    const bytes = (heapBytes() - emptyBytes) / kept.length;
    expect(bytes).toBeLessThan(valueFor(kept.length).length + 160);
    await store.close();
  });
});
