import { Socket } from 'node:net';

/** What the server has said since it was last connected to. `unreached`: there was no connection yet. */
export type Greeting = 'unreached' | 'silent' | 'foreign' | 'postgres';

/**
 * Listens to the first bytes of each connection. `pg` waits for ever when the port belongs to a server of another kind: Redis
 * and memcached say nothing to a Postgres greeting, others say what `pg` takes for the head of a very long message.
 */
export function listenToGreetings(): { openSocket(): Socket; last(): Greeting } {
  let last: Greeting = 'unreached';
  return {
    openSocket() {
      const socket = new Socket();
      last = 'unreached';
      socket.once('connect', () => {
        last = 'silent';
      });
      socket.once('data', (bytes) => {
        last = startsLikePostgres(bytes) ? 'postgres' : 'foreign';
        if (last === 'foreign') socket.destroy(new Error('not a Postgres server'));
      });
      return socket;
    },
    last: () => last,
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
