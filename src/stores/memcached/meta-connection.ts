import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectSecure } from 'node:tls';
import type { Address } from './addresses.ts';
import { beginFate, type Connection, type Credentials, corkedByTick } from './connection.ts';
import {
  connectionLost,
  couldNotConnect,
  type Fault,
  noAnswer,
  noConnection,
  noSecureConnection,
  notAuthenticated,
  notMemcached,
  noUptime,
  outOfStep,
  refused,
  type SocketError,
  tlsFailed,
  tooOld,
} from './fault.ts';
import { decode, encode, isTooOld, readReply, type TextReply } from './meta.ts';

/** Numbers of requests in flight must differ, and no more. */
const opaqueLimit = 2 ** 30;
const keepAliveMs = 30_000;

/**
 * Starts to connect, over TLS if `tls` is given, and asks the server for its version before anything else: to an older
 * one a value might look like a command.
 */
export function openMetaConnection(
  address: Address,
  credentials: Credentials | undefined,
  tls: ConnectionOptions | undefined,
  onFault: (fault: Fault) => void,
): Connection {
  const fate = beginFate(onFault);
  /** One for each request in flight, in the order in which they were sent. */
  const awaited: ((outcome: TextReply | Fault) => void)[] = [];
  let progress: 'connecting' | 'securing' | 'connected' = 'connecting';
  let hasAnswered = false;
  let unread: Buffer = Buffer.alloc(0);
  let opaque = 0;

  function fail(reason: Fault): void {
    if (!fate.end(reason)) return;
    socket.destroy();
    for (const tell of awaited.splice(0)) tell(reason);
  }

  function write(text: string, tell: (outcome: TextReply | Fault) => void): void {
    cork();
    awaited.push(tell);
    socket.write(text);
  }

  function receive(chunk: Buffer): void {
    if (!hasAnswered && !/^[A-Z]/.test(chunk.toString('latin1', 0, 1))) {
      fail(notMemcached('meta'));
      return;
    }
    hasAnswered = true;
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    let start = 0;
    for (let reply = readReply(unread, start); reply !== undefined && fate.fault === undefined; reply = readReply(unread, start)) {
      start = reply.end;
      const tell = awaited.shift();
      if (tell === undefined) fail(outOfStep());
      else tell(reply);
    }
    unread = unread.subarray(start);
  }

  function faultOf(error: SocketError | string): Fault {
    if (progress === 'connecting') return couldNotConnect(error);
    // A server that asks for a certificate of ours says so only after the handshake.
    const isAlert = typeof error !== 'string' && error.code?.startsWith('ERR_SSL');
    if (progress === 'securing' || isAlert) return tlsFailed(error);
    return connectionLost(error, tls === undefined && !hasAnswered);
  }

  function greet(): void {
    progress = 'connected';
    write('version\r\n', (reply) => {
      if (reply.kind === 'fault') return;
      if (reply.line !== 'CLIENT_ERROR unauthenticated') return accept(reply.line);
      if (credentials === undefined) return fail(notAuthenticated(false));
      logIn(credentials);
    });
  }

  /** Only a server that asks for the credentials gets them: any other would store them under that key (hence also the -1: expired). */
  function logIn({ username, password }: Credentials): void {
    const text = `${username} ${password}`;
    write(`set giveway 0 -1 ${Buffer.byteLength(text)}\r\n${text}\r\n`, (reply) => {
      if (reply.kind === 'fault') return;
      if (reply.line !== 'STORED') return fail(notAuthenticated(true));
      write('version\r\n', (next) => next.kind === 'fault' || accept(next.line));
    });
  }

  function accept(line: string): void {
    const version = line.slice('VERSION '.length);
    if (/^(CLIENT_|SERVER_)?ERROR/.test(line)) fail(refused(line));
    else if (!line.startsWith('VERSION ')) fail(notMemcached('meta'));
    else if (isTooOld(version)) fail(tooOld(version));
    else fate.open();
  }

  const socket = connect(address, tls);
  const cork = corkedByTick(socket);
  socket.unref(); // a call under way keeps the process alive by its timer; an idle store must not
  socket.once('connect', () => {
    progress = 'securing';
    if (tls === undefined) greet();
  });
  socket.once('secureConnect', greet);
  socket.on('data', receive);
  socket.on('error', (error) => fail(faultOf(error)));
  socket.once('end', () => fail(faultOf('closed by the server')));
  socket.once('close', () => fail(faultOf('closed')));

  return {
    kind: 'connection',
    epoch: Symbol(address.name),
    whenSettled: fate.whenSettled,
    send(request, tell) {
      if (fate.fault !== undefined) return tell(fate.fault);
      opaque = (opaque + 1) % opaqueLimit;
      const own = opaque;
      write(encode(request, own), (reply) => {
        const outcome = reply.kind === 'fault' ? reply : decode(reply, request, own);
        tell(outcome);
        if (outcome.kind === 'fault') fail(outOfStep());
      });
    },
    askUptime(tell) {
      if (fate.fault !== undefined) return tell(fate.fault);
      write('stats\r\n', (reply) => {
        if (reply.kind === 'fault') return tell(reply);
        const uptime = /^STAT uptime (\d+)/m.exec(reply.block)?.[1];
        tell(uptime === undefined ? noUptime() : Number(uptime));
      });
    },
    fail,
    timeOut(timeoutMs) {
      if (progress === 'connecting') fail(noConnection(timeoutMs));
      else if (progress === 'securing') fail(noSecureConnection(timeoutMs));
      else fail(noAnswer(timeoutMs, hasAnswered ? undefined : 'meta', tls === undefined));
    },
  };
}

function connect({ host, port }: Address, tls: ConnectionOptions | undefined): Socket {
  const way = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  if (tls === undefined) return connectPlain(way);
  // Node names the host to the server only if told to, and an IP address is no such name.
  return connectSecure({ ...(isIP(host) === 0 && { servername: host }), ...tls, ...way });
}
