import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from '@jest/globals';
import type { MemcachedStoreOptions } from '../../../src/stores/memcached/index.ts';
import { describeWith } from '../../support/shared.ts';
import { setStage } from './stage.ts';
import { transports } from './transports.ts';

/** Runs `body` as the whole of a program, with `store` in scope, and says what it printed, how it ended and how long that took after its last word. */
async function run(options: MemcachedStoreOptions, body: string, whenReady = (): void => {}): Promise<Ending> {
  const program = `
    import { memcachedStore } from './src/stores/memcached/index.ts';
    const store = memcachedStore({ timeoutMs: 1_000, breaker: false, ...${JSON.stringify(options)} });
    const outcome = (promise) => promise.then((value) => JSON.stringify(value !== undefined), (error) => error.name);
    async function ready() {
      console.log('ready');
      for await (const nothing of process.stdin);
    }
    async function main() { ${body} }
    main();
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let lastWordMs = performance.now();
  child.stdout.on('data', (chunk) => {
    lastWordMs = performance.now();
    if (!String(chunk).startsWith('ready')) return;
    whenReady();
    child.stdin.end();
  });
  const printed = text(child.stdout);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, lingeredMs: performance.now() - lastWordMs, printed: await printed };
}

interface Ending {
  readonly printed: string;
  readonly code: number | null;
  readonly lingeredMs: number;
}

describeWith('memcached', () => {
  describe.each(transports)('$name', (transport) => {
    const stage = setStage(transport);

    test('a program that locks, releases and returns ends by itself, without close()', async () => {
      const body = `console.log(await store.remove('k', await store.create('k', 'mine', 30_000)));`;
      const { printed, code, lingeredMs } = await run({ servers: stage.proxy.url, timeoutMs: 20_000, ...transport.options }, body);
      expect([printed, code]).toEqual(['true\n', 0]);
      expect(lingeredMs).toBeLessThan(5_000);
    });

    test.each([
      ['FIN instead of a reply', () => stage.proxy.closeAfterApply(Number.POSITIVE_INFINITY), 'StoreUnavailableError'],
      ['one FIN instead of a reply', () => stage.proxy.closeAfterApply(), 'true'],
      ['RST instead of a reply', () => stage.proxy.resetAfterApply(), 'true'],
      ['no reply', () => stage.proxy.blackHole(), 'StoreUnavailableError'],
      ['a late reply', () => stage.proxy.lateReply(200), 'true'],
    ])('P7: %s: the program does not end in silence before its call has settled', async (_name, inject, settled) => {
      const body = `await store.read('k'); await ready(); console.log(await outcome(store.create('${stage.freshKey()}', 'mine', 30_000)));`;
      const { printed, code } = await run({ servers: stage.proxy.url, ...transport.options }, body, inject);
      expect([printed, code]).toEqual([`ready\n${settled}\n`, 0]);
    });

    test('P7: nor before a call to a server that never says anything has', async () => {
      stage.proxy.blackHole();
      const body = `console.log(await outcome(store.create('${stage.freshKey()}', 'mine', 30_000)));`;
      const { printed, code } = await run({ servers: stage.proxy.url, ...transport.options }, body);
      expect([printed, code]).toEqual(['StoreUnavailableError\n', 0]);
    });
  });
});
