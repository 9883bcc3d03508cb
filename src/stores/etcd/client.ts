/** One key as etcd tells of it. Numbers of 64 bits come as text. */
export interface EtcdKeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly lease: string;
}

/** What etcd3 hands on to gRPC. */
export interface EtcdCallOptions {
  readonly deadline?: number;
  // biome-ignore lint/suspicious/noExplicitAny: gRPC's own types are not needed to use this module
  readonly interceptors?: ((options: any, nextCall: (options: any) => any) => any)[];
}

/** What comes on a stream of watches. */
export interface EtcdWatchResponse {
  readonly watch_id: string;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly cancel_reason?: string;
  readonly events: readonly { readonly type: 'Put' | 'Delete'; readonly kv: EtcdKeyValue }[];
}

/** A stream on which watches are asked for and told of. */
export interface EtcdWatchStream {
  on(event: 'data', listener: (response: EtcdWatchResponse) => void): unknown;
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
  write(request: object): unknown;
  cancel(): void;
}

/** The part of an `Etcd3` client that giveway uses. */
export interface EtcdClient {
  readonly kv: {
    range(request: object, options?: EtcdCallOptions): Promise<{ readonly kvs: readonly EtcdKeyValue[]; readonly more: boolean }>;
    txn(request: object, options?: EtcdCallOptions): Promise<EtcdTxnResponse>;
  };
  readonly leaseClient: {
    leaseGrant(request: object, options?: EtcdCallOptions): Promise<unknown>;
    leaseRevoke(request: object, options?: EtcdCallOptions): Promise<unknown>;
    leaseTimeToLive(request: object, options?: EtcdCallOptions): Promise<{ readonly TTL: string }>;
  };
  readonly watchClient: { watch(options?: EtcdCallOptions): Promise<EtcdWatchStream> };
}

interface EtcdTxnResponse {
  readonly header: { readonly revision: string };
  readonly succeeded: boolean;
  readonly responses: readonly { readonly response_range?: { readonly kvs: readonly EtcdKeyValue[] } }[];
}
