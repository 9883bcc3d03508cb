import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { LockStore, Version } from '../../src/lock/store.ts';
import type { Protocol } from '../support/frames.ts';
import { type FaultProxy, startProxy } from '../support/proxy.ts';
import type { ProcessServer } from '../support/services.ts';
import { timed } from '../support/stopwatch.ts';

export const unavailable = { name: 'StoreUnavailableError' };
export const minute = 60_000;

/** A server of a test file's own, since it is paused and killed, and the stores over it. */
export interface FaultStage {
  readonly server: ProcessServer;
  readonly proxy: FaultProxy;
  /** Goes through the proxy. */
  readonly store: LockStore;
  /** Another process, with a connection that never breaks. */
  readonly other: LockStore;
  /** New for each test. */
  readonly key: string;
  /** An entry under `key`, by `store`. */
  created(value?: string): Promise<Version>;
  /** Until both stores answer. */
  healthy(): Promise<void>;
}

export interface FaultStageOptions {
  readonly protocol: Protocol;
  start(): Promise<ProcessServer>;
  /** Resolves with the store that goes through the proxy, and the other one. */
  open(server: ProcessServer, proxy: FaultProxy): Promise<readonly LockStore[]>;
  /** Ends what was opened for the stores. */
  end?(): void;
}

/** Starts server and proxy for the tests of a `describe`. Each test begins with stores that answer, and a proxy that has counted nothing. */
export function setFaultStage({ protocol, start, open, end }: FaultStageOptions): FaultStage {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let stores: readonly LockStore[];
  let key: string;
  let serial = 0;

  const stage: FaultStage = {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get store() {
      return stores[0] as LockStore;
    },
    get other() {
      return stores[1] as LockStore;
    },
    get key() {
      return key;
    },
    async created(value = 'mine') {
      const version = await stage.store.create(key, value, minute);
      if (version === undefined) throw new Error('not created');
      return version;
    },
    async healthy() {
      const answers = (each: LockStore): Promise<boolean> =>
        each.read(key).then(
          () => true,
          () => false,
        );
      for (const each of stores) while (!(await answers(each))) await new Promise((resolve) => setTimeout(resolve, 20));
    },
  };

  beforeAll(async () => {
    server = await start();
    proxy = await startProxy(server, { protocol });
    stores = await open(server, proxy);
  }, 90_000);
  beforeEach(async () => {
    key = `key-${serial++}`;
    await stage.healthy();
    proxy.forget();
  });
  afterEach(() => proxy.heal());
  afterAll(async () => {
    await Promise.all(stores.map((store) => store.close()));
    end?.();
    await proxy.close();
    await server.stop();
  });
  return stage;
}

/** Holds of every store. */
export function testLateReply(stage: FaultStage, timeoutMs: number): void {
  test('a reply that came while the process was blocked beyond the deadline is believed', async () => {
    const version = (await stage.other.create(stage.key, 'value', minute)) as Version;
    // Not through the proxy, which would be blocked too.
    const removal = stage.other.remove(stage.key, version);
    await new Promise((resolve) => setTimeout(resolve, 2)); // it is sent
    const until = performance.now() + timeoutMs + 200;
    while (performance.now() < until);
    expect(await removal).toBe(true);
  });
}

/** Holds of every store; the server is one process. */
export function testStoppedServer(stage: FaultStage, timeoutMs: number): void {
  test('a server that is stopped for two seconds is an error each time, within the deadline, and works when it goes on', async () => {
    const version = await stage.created();
    stage.server.pause();
    const end = performance.now() + 2_000;
    while (performance.now() < end) {
      const { error, awakeMs } = await timed(stage.store.create(`${stage.key} another`, 'value', minute));
      expect(error).toMatchObject(unavailable);
      expect(awakeMs).toBeLessThan(timeoutMs + 300);
    }
    stage.server.resume();
    await stage.healthy();
    expect(await stage.store.remove(stage.key, version)).toBe(true);
  });
}
