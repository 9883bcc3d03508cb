/**
 * A stand-in for Momento at wire level, for tests: a gRPC server in this process that speaks the part of the cache
 * service that giveway uses (`GetWithHash`, `SetIf`), built on Momento's published message types. The real SDK talks to it
 * through `CredentialProvider.forMomentoLocal`. It is not the live service: what it says about conditions and TTLs is
 * what the SDK's documentation says they do.
 *
 * ```ts
 * const server = await momentoServer();
 * const client = server.client();
 * server.break('SetIf', 'lost');   // applied, then UNAVAILABLE instead of the answer
 * await server.restart();          // the same port, empty
 * client.close();
 * await server.stop();
 * ```
 */

import { createHash } from 'node:crypto';
import { cache } from '@gomomento/generated-types';
import { CacheClient, Configurations, CredentialProvider, NoopMomentoLoggerFactory } from '@gomomento/sdk';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { freePort } from './free-port.ts';

const { UnimplementedScsService, _GetWithHashResponse, _SetIfResponse } = cache.cache_client;
type GetRequest = InstanceType<typeof cache.cache_client._GetWithHashRequest>;
type GetResponse = InstanceType<typeof _GetWithHashResponse>;
type SetIfRequest = InstanceType<typeof cache.cache_client._SetIfRequest>;
type SetIfResponse = InstanceType<typeof _SetIfResponse>;

/**
 * - `lost`, `failed`, `silent`: applied, then UNAVAILABLE, INTERNAL, or never an answer.
 * - `unheard`: neither applied nor answered.
 * - `limited`, `unauthenticated`, `forbidden`: refused with the service's status, not applied.
 */
export type MomentoFault = 'lost' | 'failed' | 'silent' | 'unheard' | 'limited' | 'unauthenticated' | 'forbidden';

export interface MomentoServer {
  readonly port: number;
  /** The one cache that exists. */
  readonly cacheName: string;
  /** A client of the real SDK, one connection, quiet. Close it yourself. */
  client(options?: { throwOnErrors?: boolean }): CacheClient;
  /** The requests since `forget`: `GetWithHash`, and `SetIf absent_or_equal` or `SetIf equal`. */
  readonly requests: readonly string[];
  forget(): void;
  /** The next `times` requests (default 1) for `operation` meet `fault`. */
  break(operation: 'GetWithHash' | 'SetIf', fault: MomentoFault, times?: number): void;
  /** Takes back the faults that have not been met. */
  heal(): void;
  /** What is stored under `key`, as text, and for how much longer. */
  peek(key: string): { text: string; leftMs: number } | undefined;
  /** Stores `text` as a stranger would. */
  poke(key: string, text: string, ttlMs: number): void;
  /** Evicts everything. */
  flush(): void;
  /** Breaks every connection and stops listening; the port stays known. */
  kill(): void;
  /** Listens again, empty. */
  start(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

const statuses: Partial<Record<MomentoFault, status>> = {
  lost: status.UNAVAILABLE,
  failed: status.INTERNAL,
  limited: status.RESOURCE_EXHAUSTED,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
};
const applied: readonly (MomentoFault | undefined)[] = [undefined, 'lost', 'failed', 'silent'];

export async function momentoServer({ cacheName = 'locks' }: { cacheName?: string } = {}): Promise<MomentoServer> {
  const port = await freePort();
  const items = new Map<string, { body: Buffer; endsAtMs: number }>();
  let requests: string[] = [];
  let faults: { operation: string; fault: MomentoFault; times: number }[] = [];
  let server: Server | undefined;

  function live(key: string): Buffer | undefined {
    const item = items.get(key);
    return item !== undefined && performance.now() < item.endsAtMs ? item.body : undefined;
  }

  function nextFault(operation: string): MomentoFault | undefined {
    const met = faults.find((each) => each.operation === operation);
    if (met === undefined) return undefined;
    met.times -= 1;
    if (met.times === 0) faults = faults.filter((each) => each !== met);
    return met.fault;
  }

  /** Applies `act` and answers, unless the cache is unknown or a fault is due. */
  function serve<T>(call: ServerUnaryCall<unknown, T>, answer: sendUnaryData<T>, operation: 'GetWithHash' | 'SetIf', act: () => T): void {
    if (call.metadata.get('cache')[0] !== cacheName) {
      answer({ code: status.NOT_FOUND, details: 'Cache not found' });
      return;
    }
    const fault = nextFault(operation);
    const reply = applied.includes(fault) ? act() : undefined;
    const code = fault && statuses[fault];
    if (code !== undefined) answer({ code, details: `${fault}, as ordered` });
    else if (fault === undefined) answer(null, reply);
  }

  const handlers = {
    GetWithHash(call: ServerUnaryCall<GetRequest, GetResponse>, answer: sendUnaryData<GetResponse>) {
      requests.push('GetWithHash');
      serve(call, answer, 'GetWithHash', () => {
        const body = live(textOf(call.request.cache_key));
        if (body === undefined) return new _GetWithHashResponse({ missing: new _GetWithHashResponse._Missing() });
        const hash = createHash('sha256').update(body).digest();
        return new _GetWithHashResponse({ found: new _GetWithHashResponse._Found({ value: body, hash }) });
      });
    },
    SetIf(call: ServerUnaryCall<SetIfRequest, SetIfResponse>, answer: sendUnaryData<SetIfResponse>) {
      const { request } = call;
      requests.push(`SetIf ${request.condition}`);
      serve(call, answer, 'SetIf', () => {
        const key = textOf(request.cache_key);
        if (!holds(request, live(key))) return new _SetIfResponse({ not_stored: new _SetIfResponse._NotStored() });
        items.set(key, { body: Buffer.from(request.cache_body), endsAtMs: performance.now() + request.ttl_milliseconds });
        return new _SetIfResponse({ stored: new _SetIfResponse._Stored() });
      });
    },
  };

  async function listen(): Promise<void> {
    const next = new Server();
    next.addService(UnimplementedScsService.definition, handlers);
    await new Promise<void>((resolve, reject) => {
      next.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
    });
    server = next;
  }

  await listen();
  const self: MomentoServer = {
    port,
    cacheName,
    client({ throwOnErrors = false } = {}) {
      return quietClient(port, throwOnErrors);
    },
    get requests() {
      return requests;
    },
    forget: () => {
      requests = [];
    },
    break: (operation, fault, times = 1) => void faults.push({ operation, fault, times }),
    heal: () => {
      faults = [];
    },
    peek(key) {
      const body = live(key);
      return body && { text: body.toString(), leftMs: (items.get(key)?.endsAtMs ?? 0) - performance.now() };
    },
    poke: (key, text, ttlMs) => void items.set(key, { body: Buffer.from(text), endsAtMs: performance.now() + ttlMs }),
    flush: () => items.clear(),
    kill() {
      server?.forceShutdown();
      server = undefined;
      items.clear();
    },
    start: listen,
    async restart() {
      self.kill();
      await listen();
    },
    stop: async () => self.kill(),
  };
  return self;
}

/** A client of the real SDK for whatever listens on `port`. */
export function quietClient(port: number, throwOnErrors = false): CacheClient {
  // After a broken connection the SDK keeps the old channel for twice the client's timeout, and the process with it.
  const configuration = Configurations.Laptop.v1(new NoopMomentoLoggerFactory())
    .withThrowOnErrors(throwOnErrors)
    .withClientTimeoutMillis(2_000);
  const credentialProvider = CredentialProvider.forMomentoLocal({ hostname: '127.0.0.1', port });
  return new CacheClient({ configuration, credentialProvider, defaultTtlSeconds: 60 });
}

function holds(request: SetIfRequest, found: Buffer | undefined): boolean {
  switch (request.condition) {
    case 'absent':
      return found === undefined;
    case 'present':
      return found !== undefined;
    case 'equal':
      return found?.equals(request.equal.value_to_check) === true;
    case 'absent_or_equal':
      return found === undefined || found.equals(request.absent_or_equal.value_to_check);
    case 'not_equal':
      return !found?.equals(request.not_equal.value_to_check);
    case 'present_and_not_equal':
      return found !== undefined && !found.equals(request.present_and_not_equal.value_to_check);
    default:
      throw new Error(`a SetIf without a condition: ${request.condition}`);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
