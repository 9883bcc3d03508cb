import { Server } from 'memjs';
import type { Address } from './addresses.ts';
import { binary, replyMagic } from './binary.ts';
import { Connection, type Credentials } from './connection.ts';
import { connectionLost, couldNotConnect, type Fault, noAnswer, noConnection, notAuthenticated, notMemcached, refused } from './fault.ts';

/** memjs's own timers would end what is only waiting for a blocked event loop. Each call has a deadline of its own. */
const neverS = 24 * 60 * 60;

/**
 * memjs connects and logs in; from then on its socket is ours. After a fault it hangs, answers for other requests or ends
 * the process (measured on 1.3.2), so nothing is sent through it, and it is thrown away whole.
 */
export function openBinaryConnection(address: Address, credentials: Credentials | undefined): Connection {
  const server = new Server(address.host, address.port, credentials?.username, credentials?.password, {
    timeout: neverS,
    conntimeout: neverS,
    keepAlive: true,
  });
  // memjs takes missing credentials from the environment, for whatever server.
  Object.assign(server, { username: credentials?.username, password: credentials?.password });

  let hasAnswered = false;
  const connection: Connection = new Connection(address.name, binary, {
    destroy: ({ message }) => server.error(new Error(message)),
    silence: (timeoutMs) => (connection.isOpen ? noAnswer(timeoutMs, hasAnswered ? undefined : 'binary', true) : noConnection(timeoutMs)),
  });

  function faultOf(error: unknown): Fault {
    if (typeof error === 'string') return notAuthenticated(credentials !== undefined); // the one error that memjs gives as a string
    return connection.isOpen ? connectionLost(error, !hasAnswered) : couldNotConnect(error);
  }

  function hearFirst(chunk: Buffer): void {
    hasAnswered = true;
    if (chunk[0] !== replyMagic) connection.fail(greetingFault(chunk.toString('latin1')));
  }

  // memjs tells its listeners once, and drops them.
  server.onError(0, (error: unknown) => connection.fail(faultOf(error)));
  server.sock(false, (socket) => {
    socket.removeAllListeners('data'); // memjs's own
    socket.on('data', (chunk: Buffer) => {
      if (!hasAnswered) hearFirst(chunk);
      connection.receive(chunk);
    });
    connection.open(socket);
  });
  // The second call gives the socket at once, though it is still connecting.
  server.sock(true, (socket) => {
    socket.setNoDelay(true);
    socket.unref(); // a call under way keeps the process alive by its timer; an idle store must not
    socket.once('data', hearFirst); // while memjs logs in
    socket.once('end', () => connection.fail(connectionLost('closed by the server', !hasAnswered)));
    socket.once('close', () => connection.fail(connectionLost('closed', !hasAnswered)));
  });
  return connection;
}

/** A memcached that takes no more connections says so in text, whatever the protocol. */
function greetingFault(greeting: string): Fault {
  return greeting.startsWith('ERROR ') ? refused(greeting.trim()) : notMemcached('binary');
}
