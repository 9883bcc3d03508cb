import type { Protocol } from './connection.ts';
import { type Fault, noMeta, outOfStep, refused } from './fault.ts';
import type { Command, Reply, Request, Status } from './request.ts';

/** One reply as it came: a line, and the data block or the list that belongs to it. */
export interface TextReply {
  readonly kind: 'text';
  readonly line: string;
  readonly block: string;
  /** Where the next one begins. */
  readonly end: number;
}

/** What each request may be answered; anything else is a reply to something else. */
const meanings: Readonly<Record<Command, Readonly<Record<string, Status>>>> = {
  get: { VA: 'ok', EN: 'notFound' },
  add: { HD: 'ok', NS: 'exists' },
  replace: { HD: 'ok', EX: 'exists', NF: 'notFound' },
  append: { HD: 'ok', EX: 'exists', NF: 'notFound', NS: 'notStored' },
  delete: { HD: 'ok', EX: 'exists', NF: 'notFound' },
  uptime: {},
};

/** Both ends of the protocol. */
export const meta: Protocol = {
  write(outbox, request, number) {
    const text = encode(request, number);
    const start = outbox.begin(3 * text.length);
    outbox.push(start + outbox.bytes.write(text, start));
  },
  read(bytes, start, request, number) {
    const reply = readReply(bytes, start);
    return reply?.kind === 'text' ? decode(reply, request, number) : reply;
  },
};

/** The text of a request. `opaque` comes back with the reply, and proves that the two belong together. */
export function encode({ command, key, value, exptime, cas }: Request, opaque: number): string {
  switch (command) {
    case 'get':
      return `mg ${key} v c O${opaque}\r\n`;
    case 'add':
      return store(key, value, `T${exptime} ME c O${opaque}`);
    case 'replace':
      return store(key, value, `T${exptime} C${cas} c O${opaque}`);
    case 'append':
      return store(key, value, `MA C${cas} c O${opaque}`);
    case 'delete':
      return `md ${key} ${cas === 0n ? '' : `C${cas} `}O${opaque}\r\n`;
    case 'uptime':
      return 'stats\r\n';
  }
}

function store(key: string, value: string, flags: string): string {
  return `ms ${key} ${Buffer.byteLength(value)} ${flags}\r\n${value}\r\n`;
}

/** The reply that begins at `start`; `undefined` while it is incomplete. A fault: nobody knows where it ends. */
export function readReply(bytes: Buffer, start: number): TextReply | Fault | undefined {
  const lineEnd = bytes.indexOf('\r\n', start);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('latin1', start, lineEnd);
  const rest = lineEnd + 2;
  if (line.startsWith('VA ')) {
    const length = /^VA (\d{1,9})(?: |$)/.exec(line)?.[1];
    if (length === undefined) return outOfStep();
    const blockEnd = rest + Number(length);
    const end = blockEnd + 2;
    if (bytes.length < end) return undefined;
    if (bytes.toString('latin1', blockEnd, end) !== '\r\n') return outOfStep();
    return { kind: 'text', line, block: bytes.toString('utf8', rest, blockEnd), end };
  }
  if (line.startsWith('STAT ')) {
    const listEnd = bytes.indexOf('\r\nEND\r\n', lineEnd);
    return listEnd < 0 ? undefined : { kind: 'text', line, block: bytes.toString('latin1', start, listEnd), end: listEnd + 7 };
  }
  return { kind: 'text', line, block: '', end: rest };
}

/**
 * What that reply means for the request. A fault: the connection must be given up. After ERROR and CLIENT_ERROR too, since
 * memcached may read the data block that follows as further commands, and every later reply would be one behind.
 */
export function decode({ line, block, end }: TextReply, { command }: Request, opaque: number): Reply | Fault {
  const [code = '', ...words] = line.split(' ');
  if (code === 'SERVER_ERROR') {
    return { kind: 'reply', status: line.includes('out of memory') ? 'outOfMemory' : 'failed', cas: 0n, value: line, end };
  }
  if (command === 'uptime') {
    const uptimeS = /^STAT uptime (\d+)/m.exec(block)?.[1];
    return { kind: 'reply', status: uptimeS === undefined ? 'failed' : 'ok', cas: 0n, value: uptimeS ?? line, end };
  }
  if (code === 'ERROR') return noMeta();
  if (code === 'CLIENT_ERROR') return refused(line);
  const status = Object.hasOwn(meanings[command], code) ? meanings[command][code] : undefined;
  const flags = code === 'VA' ? words.slice(1) : words;
  const echoed = flagIn(flags, 'O');
  // Some versions answer a miss with the bare code.
  const isOurs = echoed === String(opaque) || (echoed === undefined && code === 'EN');
  const cas = flagIn(flags, 'c') ?? '0';
  if (status === undefined || !isOurs || !/^\d{1,20}$/.test(cas)) return outOfStep();
  return { kind: 'reply', status, cas: BigInt(cas), value: block, end };
}

/** CAS numbers work in `ms` and `md` from 1.6.13 on. What gives no such number, as a proxy may, is judged by its replies. */
export function isTooOld(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (numbers === undefined) return false;
  const [major = 0, minor = 0, patch = 0] = numbers;
  return major < 1 || (major === 1 && (minor < 6 || (minor === 6 && patch < 13)));
}

function flagIn(flags: readonly string[], letter: string): string | undefined {
  return flags.find((flag) => flag.startsWith(letter))?.slice(1);
}
