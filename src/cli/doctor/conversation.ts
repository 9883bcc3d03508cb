import { connect, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { printable } from '../../lock/holder.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly isTls?: boolean;
}

/** What came of one connection: everything the server said, and how it ended. */
export interface Heard {
  readonly text: string;
  /** `silent`: it was still open when the time was over. `unreached`: there was no connection; `unsecured`: there was, and no TLS. */
  readonly end: 'closed' | 'silent' | 'unreached' | 'unsecured';
  readonly error: Error | undefined;
  /** Wall clock, in the middle between sending and the first bytes. */
  readonly middleWallMs: number;
  readonly roundTripMs: number;
}

/** `host:port`, as `hostsOf` gives it, with brackets round IPv6. */
export function addressOf(name: string): Address {
  const colon = name.lastIndexOf(':');
  return { host: name.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(name.slice(colon + 1)) };
}

/** Sends `request`, whose last command must make the server hang up, and listens until it does. Never rejects. */
export function converse({ host, port, isTls }: Address, request: string, timeoutMs: number): Promise<Heard> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let sentMs: number | undefined;
    let firstMs = 0;
    let isConnected = false;
    let error: Error | undefined;
    const socket = isTls ? connectTls({ host, port, ...(isIP(host) === 0 && { servername: host }) }) : connect(port, host);
    const timer = setTimeout(() => finish('silent'), timeoutMs);
    const finish = (end: 'closed' | 'silent'): void => {
      clearTimeout(timer);
      socket.destroy();
      const roundTripMs = firstMs - (sentMs ?? 0);
      const wallAgoMs = performance.now() - (sentMs ?? 0) - roundTripMs / 2;
      resolve({
        text: Buffer.concat(chunks).toString('latin1'),
        end: sentMs !== undefined ? end : isConnected ? 'unsecured' : 'unreached',
        error,
        middleWallMs: Date.now() - wallAgoMs,
        roundTripMs,
      });
    };
    socket.once('connect', () => {
      isConnected = true;
    });
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      sentMs = performance.now();
      socket.write(request);
    });
    socket.on('data', (chunk) => {
      if (chunks.length === 0) firstMs = performance.now();
      chunks.push(chunk);
    });
    socket.once('error', (fault) => {
      error = fault;
    });
    socket.once('close', () => finish('closed'));
  });
}

/** Nobody there, in words: a program that is not running and one that hangs need different hands. */
export function unreachable(heard: Heard, timeoutMs: number): { found: string; remedy: string } | undefined {
  if (heard.end === 'unreached') {
    const code = (heard.error as NodeJS.ErrnoException | undefined)?.code;
    if (code === 'ECONNREFUSED')
      return { found: 'nothing listens there (ECONNREFUSED)', remedy: 'Start the server, or correct host and port.' };
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
      return { found: `the host's name is not known (${code})`, remedy: 'Correct the name, or see to DNS.' };
    const found = heard.error === undefined ? `no connection within ${timeoutMs} ms` : `no connection: ${printable(heard.error.message)}`;
    return { found, remedy: 'See whether a firewall is in between, and whether host and port are right.' };
  }
  if (heard.end === 'unsecured') {
    const { reason, message } = (heard.error ?? {}) as Partial<Error> & { readonly reason?: string };
    return {
      found: `it accepts connections, but there is no TLS: ${printable(reason ?? message ?? `nothing within ${timeoutMs} ms`)}`,
      remedy:
        'See whether TLS is spoken on this port, whether this host trusts the certificate (NODE_EXTRA_CA_CERTS), and whether one of ours is asked for.',
    };
  }
  if (heard.text !== '' || heard.end === 'closed') return undefined;
  return {
    found: `it accepts connections and says nothing for ${timeoutMs} ms`,
    remedy:
      'The process hangs or is stopped (SIGSTOP, swapping, a dead disk), or another protocol is spoken there: look at it on its host.',
  };
}
