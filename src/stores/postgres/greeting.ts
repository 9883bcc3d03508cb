import { Socket } from 'node:net';

/** What has been heard on the last connection that was opened. */
export interface Greeting {
  /** For `pg`: the socket of a new connection. */
  openSocket(): Socket;
  /** Somebody accepted the connection, and what they said, if anything, was not Postgres. */
  readonly isForeign: boolean;
}

/**
 * Listens to the first bytes of a connection. `pg` waits for ever when the port belongs to a server of another kind: Redis
 * and memcached say nothing to a Postgres greeting, others say what `pg` takes for the head of a very long message.
 */
export function listenToGreeting(): Greeting {
  let isForeign = false;
  return {
    openSocket() {
      const socket = new Socket();
      isForeign = false;
      socket.once('connect', () => {
        isForeign = true;
      });
      socket.once('data', (bytes) => {
        isForeign = !startsLikePostgres(bytes);
        if (isForeign) socket.destroy(new Error('not a Postgres server'));
      });
      return socket;
    },
    get isForeign() {
      return isForeign;
    },
  };
}

/**
 * The first message of a server: to a request for TLS one letter, `S` or `N`; else authentication (`R`), an error (`E`) or
 * another version of the protocol (`v`), followed by a length of four bytes, which is small.
 */
export function startsLikePostgres(bytes: Buffer): boolean {
  const letter = String.fromCharCode(bytes[0] ?? 0);
  if (bytes.length < 5) return 'SNREv'.includes(letter);
  return 'REv'.includes(letter) && bytes.readUInt32BE(1) < 0x1_0000;
}
