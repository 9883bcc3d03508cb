import type { Socket } from 'node:net';

/** One message of PostgreSQL's protocol: its type (empty for the first one of a client), what is in it, and its bytes. */
export interface Message {
  readonly type: string;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

/** Reads messages from a socket, one after another. */
export interface Messages {
  /** `undefined` once the socket has ended. */
  next(): Promise<Message | undefined>;
}

/** `isClient`: the first message has no type. */
export function messagesOf(socket: Socket, isClient: boolean): Messages {
  let buffered: Buffer = Buffer.alloc(0);
  let typeLength = isClient ? 0 : 1;
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const cut = (): Message | undefined => {
    if (buffered.length < typeLength + 4) return undefined;
    const length = typeLength + buffered.readUInt32BE(typeLength);
    if (buffered.length < length) return undefined;
    const bytes = buffered.subarray(0, length);
    const message = { type: bytes.toString('latin1', 0, typeLength), body: bytes.subarray(typeLength + 4), bytes };
    buffered = buffered.subarray(length);
    typeLength = 1;
    return message;
  };
  return {
    async next() {
      for (;;) {
        const message = cut();
        if (message !== undefined) return message;
        const chunk = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
        if (chunk.done) return undefined;
        buffered = buffered.length === 0 ? chunk.value : Buffer.concat([buffered, chunk.value]);
      }
    },
  };
}

/** The message that asks to run a text. */
export function queryMessage(sql: string): Buffer {
  const text = Buffer.from(`${sql}\0`);
  const bytes = Buffer.alloc(5 + text.length);
  bytes.write('Q');
  bytes.writeUInt32BE(4 + text.length, 1);
  text.copy(bytes, 5);
  return bytes;
}

/** The text of a Query message. */
export function textOf({ body }: Message): string {
  return body.toString('utf8', 0, body.length - 1);
}

/** The SQLSTATE of an ErrorResponse. */
export function errorCode({ body }: Message): string {
  const fields = body.toString('utf8').split('\0');
  return fields.find((field) => field.startsWith('C'))?.slice(1) ?? '';
}

/** The columns of a DataRow, as text. */
export function columnsOf({ body }: Message): readonly string[] {
  const columns: string[] = [];
  let at = 2;
  for (let left = body.readUInt16BE(0); left > 0; left -= 1) {
    const length = body.readInt32BE(at);
    columns.push(body.toString('utf8', at + 4, at + 4 + Math.max(0, length)));
    at += 4 + Math.max(0, length);
  }
  return columns;
}
