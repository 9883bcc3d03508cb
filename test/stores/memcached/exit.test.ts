import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { describeWith } from '../../support/shared.ts';
import { setStage } from './stage.ts';

/** Runs `body` as the whole of a program, with `store` in scope, and says what it printed, how it ended and how long that took after its last word. */
async function run(servers: string, body: string): Promise<{ printed: string; code: number | null; lingeredMs: number }> {
  const program = `
    import { memcachedStore } from './src/stores/memcached/index.ts';
    const store = memcachedStore({ servers: '${servers}', timeoutMs: 1_000, breaker: false });
    const outcome = (promise) => promise.then((value) => JSON.stringify(value !== undefined), (error) => error.name);
    async function main() { ${body} }
    main();
  `;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let lastWordMs = performance.now();
  child.stdout.on('data', () => {
    lastWordMs = performance.now();
  });
  const printed = text(child.stdout);
  const [code] = (await once(child, 'exit')) as [number | null];
  return { code, lingeredMs: performance.now() - lastWordMs, printed: await printed };
}

describeWith('memcached', () => {
  const stage = setStage();

  test('a program that locks, releases and returns ends by itself, without close()', async () => {
    const body = `console.log(await store.remove('k', await store.create('k', 'mine', 30_000)));`;
    const { printed, code, lingeredMs } = await run(stage.proxy.url, body);
    expect([printed, code]).toEqual(['true\n', 0]);
    expect(lingeredMs).toBeLessThan(900);
  });

  test.each([
    ['FIN instead of a reply', () => stage.proxy.closeAfterApply(Number.POSITIVE_INFINITY), 'StoreUnavailableError'],
    ['one FIN instead of a reply', () => stage.proxy.closeAfterApply(), 'true'],
    ['RST instead of a reply', () => stage.proxy.resetAfterApply(), 'true'],
    ['no reply', () => stage.proxy.blackHole(), 'StoreUnavailableError'],
    ['a late reply', () => stage.proxy.lateReply(200), 'true'],
  ])('P7: %s: the program does not end in silence before its call has settled', async (_name, inject, settled) => {
    inject();
    const { printed, code } = await run(
      stage.proxy.url,
      `console.log(await outcome(store.create('${stage.freshKey()}', 'mine', 30_000)));`,
    );
    expect([printed, code]).toEqual([`${settled}\n`, 0]);
  });
});
