/** One request at the start of `buffer`, or `undefined` while it is incomplete. A frame without an operation is not counted. */
export type FindFrame = (buffer: Buffer) => Frame | undefined;

interface Frame {
  readonly length: number;
  /** What the request does, for people and for expectations: `add`, `EVALSHA`, `query`. */
  readonly operation: string | undefined;
}

export type Protocol = 'memcached' | 'memcached-text' | 'redis' | 'postgres' | 'mysql' | 'chunks';

// biome-ignore format: one table
const opcodes: Record<number, string> = {
  0: 'get', 1: 'set', 2: 'add', 3: 'replace', 4: 'delete', 5: 'increment', 6: 'decrement', 7: 'quit', 8: 'flush', 9: 'getq',
  10: 'noop', 11: 'version', 14: 'append', 15: 'prepend', 16: 'stat', 28: 'touch', 29: 'gat', 32: 'sasl-list', 33: 'sasl-auth',
};

/** memcached's binary protocol: a header of 24 bytes, then as many bytes as it says. Requests and replies alike. */
function memcached(buffer: Buffer): Frame | undefined {
  if (buffer.length < 24) return undefined;
  const length = 24 + buffer.readUInt32BE(8);
  const opcode = buffer.readUInt8(1);
  return buffer.length < length ? undefined : { length, operation: opcodes[opcode] ?? `opcode ${opcode}` };
}

const storage = /^(?:(?:set|add|replace|append|prepend|cas) \S+ \d+ -?\d+ (\d+)|ms \S+ (\d+))/;

/** memcached's text protocol: a line, and for storage commands a data block. */
function memcachedText(buffer: Buffer): Frame | undefined {
  const end = buffer.indexOf('\r\n');
  if (end < 0) return undefined;
  const line = buffer.toString('latin1', 0, end);
  const block = storage.exec(line);
  const length = end + 2 + (block === null ? 0 : Number(block[1] ?? block[2]) + 2);
  return buffer.length < length ? undefined : { length, operation: line.split(' ', 1)[0] };
}

/** Redis: an array of bulk strings; the first is the command. */
function redis(buffer: Buffer): Frame | undefined {
  let at = 0;
  const line = (): string | undefined => {
    const end = buffer.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const text = buffer.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  const head = line();
  if (head === undefined) return undefined;
  if (!head.startsWith('*')) return { length: at, operation: head };
  let operation: string | undefined;
  for (let words = Number(head.slice(1)); words > 0; words -= 1) {
    const size = line();
    if (size === undefined) return undefined;
    const start = at;
    at += Number(size.slice(1)) + 2;
    if (at > buffer.length) return undefined;
    operation ??= buffer.toString('latin1', start, at - 2).toUpperCase();
  }
  return { length: at, operation };
}

/** PostgreSQL: a letter and a length; the very first message has no letter. Counted: simple queries and executions. */
function postgres(buffer: Buffer): Frame | undefined {
  const typed = buffer[0] !== 0;
  if (buffer.length < (typed ? 5 : 4)) return undefined;
  const length = typed ? 1 + buffer.readUInt32BE(1) : buffer.readUInt32BE(0);
  const operation = { Q: 'query', E: 'execute' }[String.fromCharCode(buffer[0] ?? 0)];
  return buffer.length < length ? undefined : { length, operation };
}

/** MySQL: three bytes of length, a number, which is 0 where a command begins, and the command. */
function mysql(buffer: Buffer): Frame | undefined {
  if (buffer.length < 4) return undefined;
  const length = 4 + buffer.readUIntLE(0, 3);
  const command = buffer[3] === 0 ? { 3: 'query', 22: 'prepare', 23: 'execute' }[buffer[4] ?? 0] : undefined;
  return buffer.length < length ? undefined : { length, operation: command };
}

/** Whatever arrives in one piece. */
function chunks(buffer: Buffer): Frame | undefined {
  return buffer.length === 0 ? undefined : { length: buffer.length, operation: 'chunk' };
}

export const requestFrames: Record<Protocol, FindFrame> = { memcached, 'memcached-text': memcachedText, redis, postgres, mysql, chunks };

/** Where one reply ends and the next begins; only the binary protocol says so cheaply. */
export const replyFrames: Record<Protocol, FindFrame> = {
  memcached,
  'memcached-text': chunks,
  redis: chunks,
  postgres: chunks,
  mysql: chunks,
  chunks,
};

/** Cuts a stream into frames. The function it returns takes a chunk and gives back every frame that is now complete. */
export function splitter(find: FindFrame): (chunk: Buffer) => { bytes: Buffer; operation: string | undefined }[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const found: { bytes: Buffer; operation: string | undefined }[] = [];
    for (let frame = find(rest); frame !== undefined; frame = find(rest)) {
      found.push({ bytes: rest.subarray(0, frame.length), operation: frame.operation });
      rest = rest.subarray(frame.length);
    }
    return found;
  };
}
