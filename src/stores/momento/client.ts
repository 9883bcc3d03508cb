/** The part of `CacheClient` (`@gomomento/sdk` 1.117.1 or later) that the store uses. */
export interface MomentoClient {
  getWithHash(cacheName: string, key: string, options?: MomentoCallOptions): Promise<MomentoGetResponse>;
  setIfEqual(cacheName: string, key: string, value: string, equal: string, options?: MomentoSetOptions): Promise<MomentoResponse>;
  setIfAbsentOrEqual(cacheName: string, key: string, value: string, equal: string, options?: MomentoSetOptions): Promise<MomentoResponse>;
}

export interface MomentoCallOptions {
  abortSignal?: AbortSignal;
}

export interface MomentoSetOptions extends MomentoCallOptions {
  /** In whole seconds. */
  ttl?: number;
}

export interface MomentoResponse {
  /** `Hit`, `Miss`, `Stored`, `NotStored` or `Error`. */
  readonly type: string;
}

export interface MomentoGetResponse extends MomentoResponse {
  value(): string | undefined;
}
