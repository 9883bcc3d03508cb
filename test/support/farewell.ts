/** What a server says in one packet with its greeting, where it ends a session that has just begun. For `FaultProxy.sayBehind`. */
export interface Farewell {
  /** How the last message of the greeting ends: from then on the client is connected. */
  readonly greeting: Buffer;
  readonly farewell: Buffer;
}

const fields = ['SFATAL', 'VFATAL', 'C57P01', 'Mterminating connection due to administrator command', ''];
const text = Buffer.from(fields.map((field) => `${field}\0`).join(''));
const length = Buffer.alloc(4);
length.writeUInt32BE(4 + text.length);

/** `ReadyForQuery`, and an `ErrorResponse` right behind it. */
export const postgresFarewell: Farewell = {
  greeting: Buffer.from('Z\0\0\0\x05I', 'latin1'),
  farewell: Buffer.concat([Buffer.from('E'), length, text]),
};
