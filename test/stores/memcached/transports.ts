import type { MemcachedStoreOptions } from '../../../src/stores/memcached/index.ts';
import { mayInstall } from '../../support/install.ts';
import { canSpeakTls, certificate, tlsArgs } from './certificates.ts';

export type Command = 'get' | 'add' | 'replace' | 'append' | 'delete';

/** One way to speak to memcached, and what a test must know about it. */
export interface Transport {
  readonly name: string;
  readonly options: Pick<MemcachedStoreOptions, 'protocol' | 'tls'>;
  /** memcached's own, for a server that speaks it. */
  readonly args: readonly string[];
  /** How the proxy tells requests apart. */
  readonly frames: 'memcached' | 'memcached-text' | 'chunks';
  /** What each connection sends of its own before the first request. */
  readonly greeting: readonly string[];
  /** The names that the proxy has for the requests. */
  readonly words: Readonly<Record<Command, string>>;
  /** Lengths at which a reply is incomplete: within its head, and after it. */
  readonly cuts: readonly [number, number];
}

const meta = { greeting: ['version'], words: { get: 'mg', add: 'ms', replace: 'ms', append: 'ms', delete: 'md' } };

export const binaryTransport: Transport = {
  name: 'binary',
  options: {},
  args: [],
  frames: 'memcached',
  greeting: [],
  words: { get: 'get', add: 'add', replace: 'replace', append: 'append', delete: 'delete' },
  cuts: [10, 24],
};

export const metaTransport: Transport = {
  name: 'meta',
  options: { protocol: 'meta' },
  args: [],
  frames: 'memcached-text',
  ...meta,
  cuts: [3, 8],
};

export const tlsTransport: Transport = {
  name: 'meta over TLS',
  get options() {
    return { tls: { ca: certificate().cert } };
  },
  get args() {
    return tlsArgs(certificate());
  },
  frames: 'chunks',
  ...meta,
  cuts: [3, 24],
};

/** Those that the proxy can read. */
export const plainTransports: readonly Transport[] = [binaryTransport, metaTransport];

/** Without those that cannot be had here; where servers may be installed, what is missing is a failure. */
export const transports: readonly Transport[] = canSpeakTls() || mayInstall() ? [...plainTransports, tlsTransport] : plainTransports;
