import type { ConnectionOptions } from 'node:tls';
import { InvalidOptionError } from '../../lock/errors.ts';

/** Options of Node's `tls.connect`, but for where to connect to. */
export type TlsOptions = Omit<ConnectionOptions, 'host' | 'port' | 'path' | 'socket'>;

/** How to speak to the servers. */
export type Transport = { readonly protocol: 'binary' } | { readonly protocol: 'meta'; readonly tls: TlsOptions | undefined };

const addresses = ['host', 'port', 'path', 'socket'];

/** memjs has no TLS, so TLS implies the meta protocol. */
export function resolveTransport(options: { readonly protocol?: unknown; readonly tls?: boolean | TlsOptions }): Transport {
  const tls = resolveTls(options.tls);
  const { protocol = tls === undefined ? 'binary' : 'meta' } = options;
  if (protocol === 'meta') return { protocol, tls };
  if (protocol !== 'binary') throw new InvalidOptionError('protocol', protocol, "'binary' or 'meta' is allowed");
  if (tls !== undefined) throw new InvalidOptionError('protocol', protocol, "with `tls` only 'meta' is allowed");
  return { protocol };
}

function resolveTls(tls: boolean | TlsOptions | undefined): TlsOptions | undefined {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return {};
  // Never the value: a key may be in it.
  if (typeof tls !== 'object' || tls === null) throw new InvalidOptionError('tls', typeof tls, 'true, false or an object is allowed');
  const misplaced = addresses.find((name) => name in tls);
  if (misplaced !== undefined) throw new InvalidOptionError(`tls.${misplaced}`, 'an address', 'only `servers` says where to connect to');
  return tls;
}
