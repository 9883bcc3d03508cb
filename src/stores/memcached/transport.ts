import type { ConnectionOptions, SecureContext } from 'node:tls';
import { InvalidOptionError } from '../../lock/errors.ts';
import { hidden } from '../../lock/redact.ts';

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
  // Never the value: a key may be in it.
  if (tls !== true && (typeof tls !== 'object' || tls === null)) {
    throw new InvalidOptionError('tls', hidden(tls), 'true, false or an object is allowed');
  }
  const given = tls === true ? {} : tls;
  const misplaced = addresses.find((name) => name in given);
  if (misplaced !== undefined) throw new InvalidOptionError(`tls.${misplaced}`, 'an address', 'only `servers` says where to connect to');
  // Node finds out when it has begun to connect already, and then nobody hears what becomes of that socket.
  if (given.servername !== undefined && typeof given.servername !== 'string')
    throw new InvalidOptionError('tls.servername', given.servername, 'a string is allowed');
  return { ...given, secureContext: given.secureContext ?? secureContextOf(given) };
}

/** Made once for all connections: it reads certificates and keys, and refuses what is none. */
function secureContextOf(tls: TlsOptions): SecureContext {
  try {
    // Loaded by those who use it.
    return process.getBuiltinModule('node:tls').createSecureContext(tls);
  } catch (cause) {
    const { reason, code } = cause as { readonly reason?: string; readonly code?: string };
    throw new InvalidOptionError(
      'tls',
      `options that Node refuses (${reason ?? code})`,
      'what tls.createSecureContext takes is allowed: PEM text in `ca`, `cert`, `key`',
    );
  }
}
