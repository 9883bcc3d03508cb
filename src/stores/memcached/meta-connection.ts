import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import type { Address } from './addresses.ts';
import { Connection, type Credentials } from './connection.ts';
import {
  connectionLost,
  couldNotConnect,
  type Fault,
  noAnswer,
  noConnection,
  noSecureConnection,
  notAuthenticated,
  notMemcached,
  outOfStep,
  refused,
  type SocketError,
  tlsFailed,
  tooOld,
} from './fault.ts';
import { isTooOld, meta } from './meta.ts';

const keepAliveMs = 30_000;

/**
 * Starts to connect, over TLS if `tls` is given, and asks the server for its version before anything else: to an older
 * one a value might look like a command.
 */
export function openMetaConnection(address: Address, credentials: Credentials | undefined, tls: ConnectionOptions | undefined): Connection {
  let progress: 'connecting' | 'securing' | 'connected' = 'connecting';
  let hasAnswered = false;
  /** Before it is open: what has come, and who is to hear the next line. */
  let heard = '';
  let hear: (line: string) => void = () => {};

  const connection = new Connection(address.name, meta, {
    destroy: () => void socket.destroy(),
    silence(timeoutMs) {
      if (progress === 'connecting') return noConnection(timeoutMs);
      if (progress === 'securing') return noSecureConnection(timeoutMs);
      return noAnswer(timeoutMs, hasAnswered ? undefined : 'meta', tls === undefined);
    },
  });

  function receive(chunk: Buffer): void {
    hasAnswered = true;
    if (connection.isOpen) connection.receive(chunk);
    else {
      heard += chunk.toString('latin1');
      if (/^[A-Z]/.test(heard)) hearLine();
      else connection.fail(notMemcached('meta'));
    }
  }

  function hearLine(): void {
    const end = heard.indexOf('\r\n');
    if (end < 0) return;
    const line = heard.slice(0, end);
    heard = heard.slice(end + 2);
    hear(line);
    if (heard !== '') connection.fail(outOfStep());
  }

  function say(text: string, next: (line: string) => void): void {
    hear = next;
    socket.write(text);
  }

  function greet(): void {
    progress = 'connected';
    say('version\r\n', (line) => {
      if (line !== 'CLIENT_ERROR unauthenticated') accept(line);
      else if (credentials === undefined) connection.fail(notAuthenticated(false));
      else logIn(credentials);
    });
  }

  /** Only a server that asks for the credentials gets them: any other would store them under that key (hence also the -1: expired). */
  function logIn({ username, password }: Credentials): void {
    const text = `${username} ${password}`;
    say(`set giveway 0 -1 ${Buffer.byteLength(text)}\r\n${text}\r\n`, (line) => {
      if (line === 'STORED') say('version\r\n', accept);
      else connection.fail(notAuthenticated(true));
    });
  }

  function accept(line: string): void {
    const version = line.slice('VERSION '.length);
    if (/^(CLIENT_|SERVER_)?ERROR/.test(line)) connection.fail(refused(line));
    else if (!line.startsWith('VERSION ')) connection.fail(notMemcached('meta'));
    else if (isTooOld(version)) connection.fail(tooOld(version));
    else connection.open(socket);
  }

  function faultOf(error: SocketError | string): Fault {
    if (progress === 'connecting') return couldNotConnect(error);
    // A server that asks for a certificate of ours says so only after the handshake.
    const isAlert = typeof error !== 'string' && error.code?.startsWith('ERR_SSL');
    if (progress === 'securing' || isAlert) return tlsFailed(error);
    return connectionLost(error, tls === undefined && !hasAnswered);
  }

  const socket = connect(address, tls);
  socket.unref(); // a call under way keeps the process alive by its timer; an idle store must not
  socket.once('connect', () => {
    progress = 'securing';
    if (tls === undefined) greet();
  });
  socket.once('secureConnect', greet);
  socket.on('data', receive);
  socket.on('error', (error) => connection.fail(faultOf(error)));
  socket.once('end', () => connection.fail(faultOf('closed by the server')));
  socket.once('close', () => connection.fail(faultOf('closed')));
  return connection;
}

function connect({ host, port }: Address, tls: ConnectionOptions | undefined): Socket {
  const way = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  if (tls === undefined) return connectPlain(way);
  // Node names the host to the server only if told to, and an IP address is no such name.
  return connectSecure({ ...(isIP(host) === 0 && { servername: host }), ...tls, ...way });
}
