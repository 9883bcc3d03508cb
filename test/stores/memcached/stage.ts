import { afterAll, afterEach, beforeAll, beforeEach } from '@jest/globals';
import type { LockStore } from '../../../src/lock/store.ts';
import { memcachedStore } from '../../../src/stores/memcached/index.ts';
import type { MemcachedSettings } from '../../../src/stores/memcached/options.ts';
import { type FaultProxy, startProxy } from '../../support/proxy.ts';
import { memcachedServer, type ProcessServer } from '../../support/services.ts';
import { uniqueName } from '../../support/shared.ts';
import { binaryTransport, type Command, type Transport } from './transports.ts';

/** A memcached of our own, a proxy before it, and stores that go through the proxy or past it. */
export interface Stage {
  readonly server: ProcessServer;
  readonly proxy: FaultProxy;
  /** A key nobody has used. */
  freshKey(): string;
  /** A store through the proxy, without a breaker unless told; closed after the test. */
  open(options?: MemcachedSettings): LockStore;
  /** The same, straight to the server: what others see. */
  openDirect(options?: MemcachedSettings): LockStore;
  /** A store through the proxy whose next fault will hit a request, not what its connection sends of its own. */
  openReady(options?: MemcachedSettings): Promise<LockStore>;
  /** These requests as the proxy names them. */
  words(...commands: Command[]): string[];
}

/** Starts server and proxy for the tests of a `describe`. `args`: memcached's own, beside those of the transport. */
export function setStage(transport: Transport = binaryTransport, args: readonly string[] = []): Stage {
  let server: ProcessServer;
  let proxy: FaultProxy;
  let stores: LockStore[] = [];

  beforeAll(async () => {
    server = await memcachedServer([...transport.args, ...args]);
  });
  beforeEach(async () => {
    proxy = await startProxy(server, { protocol: transport.frames });
  });
  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()));
    stores = [];
    await proxy.close();
  });
  afterAll(() => server.stop());

  const kept = (store: LockStore): LockStore => {
    stores.push(store);
    return store;
  };
  const stage: Stage = {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    freshKey: () => `giveway:${uniqueName()}`,
    open: (options = {}) => kept(memcachedStore({ servers: proxy.url, breaker: false, ...transport.options, ...options })),
    openDirect: (options = {}) => kept(memcachedStore({ servers: server.url, breaker: false, ...transport.options, ...options })),
    async openReady(options) {
      const store = stage.open(options);
      if (transport.greeting.length > 0) await store.read(stage.freshKey());
      stage.proxy.forget();
      return store;
    },
    words: (...commands) => commands.map((command) => transport.words[command]),
  };
  return stage;
}
