/**
 * A TCP proxy between a client and a real server: counts requests and breaks replies.
 *
 * ```ts
 * const proxy = await startProxy(server, { protocol: 'memcached' });
 * const store = memcachedStore({ servers: proxy.url });
 * proxy.forget();                    // what the handshake cost does not matter
 * await (await locker.lock('events')).unlock();
 * proxy.operations;                  // ['add', 'delete']
 * proxy.requests;                    // 2
 *
 * proxy.resetAfterApply();           // the next reply: the server has applied the request, the client gets a RST
 * proxy.closeAfterApply(2);          // the next two replies: FIN instead
 * proxy.cutReply(10);                // the next reply: ten bytes, then RST
 * proxy.lateReply(800);              // the next reply: 800 ms late
 * proxy.sayBehind(postgresFarewell); // the next greeting: with the server's farewell in one packet
 * proxy.blackHole();                 // from now on: requests are applied, replies vanish
 * proxy.dropRequests();              // from now on: requests vanish
 * proxy.delayMs = 20;                // every reply takes 20 ms longer
 * proxy.heal();                      // all faults and delays end
 * await proxy.close();
 * ```
 *
 * Faults act on replies in the order they come from the server, over all connections. Several armed faults form a queue:
 * `resetAfterApply(); lateReply(50)` resets the first reply and delays the second.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Farewell } from './farewell.ts';
import { type Protocol, replyFrames, requestFrames, splitter } from './frames.ts';

export interface FaultProxy {
  readonly host: string;
  readonly port: number;
  /** `host:port`. */
  readonly url: string;
  /** Requests seen since the start, or since `forget`. */
  readonly requests: number;
  /** The name of each of them, in order: `add`, `delete` (memcached), `EVALSHA` (redis), `query` (postgres), `chunk`. */
  readonly operations: readonly string[];
  /** Connections accepted since the start, or since `forget`. */
  readonly connections: number;
  /** Starts counting anew. */
  forget(): void;
  /** Every reply takes this much longer. Default 0. */
  delayMs: number;
  /** The next `times` replies (default 1): applied by the server, then a RST instead of the reply. */
  resetAfterApply(times?: number): void;
  /** The next `times` replies (default 1): applied by the server, then a FIN instead of the reply. */
  closeAfterApply(times?: number): void;
  /** The next `times` replies (default 1): their first `bytes` bytes, then a RST. */
  cutReply(bytes: number, times?: number): void;
  /** The next `times` replies (default 1) come `ms` milliseconds late, and whatever is behind them on that connection too. */
  lateReply(ms: number, times?: number): void;
  /** The next `times` replies (default 1) that end as `greeting` does have `farewell` behind them, in one packet. */
  sayBehind(said: Farewell, times?: number): void;
  /** The next `times` replies (default: all until `heal`) vanish; the requests were applied, connections stay open. */
  blackHole(times?: number): void;
  /** From now on requests vanish before the server sees them; connections stay open. */
  dropRequests(): void;
  /** A RST on every open connection. */
  resetConnections(): void;
  /** Ends every fault and delay. What has vanished stays so. */
  heal(): void;
  /** Resets what is open and stops listening. */
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** How to tell requests apart. Default `memcached`, its binary protocol. `chunks`: whatever arrives in one piece. */
  protocol?: Protocol;
}

type Fault =
  | { kind: 'reset' | 'close' | 'vanish' }
  | { kind: 'cut'; bytes: number }
  | { kind: 'late'; ms: number }
  | ({ kind: 'behind' } & Farewell);

/** Starts a proxy in front of `server`, on a free loopback port. */
export async function startProxy(server: { host: string; port: number }, options: ProxyOptions = {}): Promise<FaultProxy> {
  const protocol = options.protocol ?? 'memcached';
  const open = new Set<Socket>();
  let operations: string[] = [];
  let connections = 0;
  let armed: { fault: Fault; times: number }[] = [];
  let dropping = false;

  const arm = (fault: Fault, times: number): void => void armed.push({ fault, times });
  const nextFault = (bytes: Buffer): Fault | undefined => {
    const first = armed[0];
    if (first === undefined || (first.fault.kind === 'behind' && !endsWith(bytes, first.fault.greeting))) return undefined;
    first.times -= 1;
    if (first.times <= 0) armed = armed.slice(1);
    return first.fault;
  };

  const listener = createServer({ noDelay: true }, (client) => {
    connections += 1;
    const upstream = connect({ host: server.host, port: server.port, noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.unref(); // a proxy that a failed test forgot must not keep the test run alive
      socket.on('error', () => {});
      socket.on('close', () => open.delete(socket));
    }
    const requests = splitter(requestFrames[protocol]);
    client.on('data', (chunk) => {
      for (const { operation } of requests(chunk)) if (operation !== undefined) operations.push(operation);
      if (!dropping) upstream.write(chunk);
    });
    const replies = splitter(replyFrames[protocol]);
    let sent = Promise.resolve();
    upstream.on('data', (chunk) => {
      for (const { bytes } of replies(chunk)) {
        const fault = nextFault(bytes);
        sent = sent.then(() => reply(client, bytes, fault, proxy.delayMs));
      }
    });
    client.on('end', () => upstream.end());
    client.on('close', () => upstream.destroy());
    upstream.on('end', () => void sent.then(() => client.end()));
    upstream.on('close', (failed) => void sent.then(() => (failed ? client.resetAndDestroy() : client.end())));
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  listener.unref();
  const { port } = listener.address() as AddressInfo;

  const proxy: FaultProxy = {
    host: '127.0.0.1',
    port,
    url: `127.0.0.1:${port}`,
    get requests() {
      return operations.length;
    },
    get operations() {
      return operations;
    },
    get connections() {
      return connections;
    },
    forget: () => {
      operations = [];
      connections = 0;
    },
    delayMs: 0,
    resetAfterApply: (times = 1) => arm({ kind: 'reset' }, times),
    closeAfterApply: (times = 1) => arm({ kind: 'close' }, times),
    cutReply: (bytes, times = 1) => arm({ kind: 'cut', bytes }, times),
    lateReply: (ms, times = 1) => arm({ kind: 'late', ms }, times),
    sayBehind: (said, times = 1) => arm({ kind: 'behind', ...said }, times),
    blackHole: (times = Number.POSITIVE_INFINITY) => arm({ kind: 'vanish' }, times),
    dropRequests: () => {
      dropping = true;
    },
    resetConnections: () => {
      for (const socket of open) socket.resetAndDestroy();
    },
    heal: () => {
      armed = [];
      dropping = false;
      proxy.delayMs = 0;
    },
    close: async () => {
      proxy.resetConnections();
      listener.close();
      await once(listener, 'close');
    },
  };
  return proxy;
}

async function reply(client: Socket, bytes: Buffer, fault: Fault | undefined, delayMs: number): Promise<void> {
  const waitMs = delayMs + (fault?.kind === 'late' ? fault.ms : 0);
  if (waitMs > 0) await sleep(waitMs);
  if (client.destroyed) return;
  switch (fault?.kind) {
    case 'vanish':
      return;
    case 'reset':
      client.resetAndDestroy();
      return;
    case 'close':
      client.end();
      return;
    case 'cut':
      client.write(bytes.subarray(0, fault.bytes));
      await sleep(20); // a RST right behind them could overtake the bytes
      client.resetAndDestroy();
      return;
    case 'behind':
      client.write(Buffer.concat([bytes, fault.farewell]));
      return;
    default:
      client.write(bytes);
  }
}

function endsWith(bytes: Buffer, end: Buffer): boolean {
  return bytes.subarray(-end.length).equals(end);
}
