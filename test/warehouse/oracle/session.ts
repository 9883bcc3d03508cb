import { connect, type Socket } from 'node:net';
import type { Client } from 'pg';
import { type CatalogRow, catalogQuery, catalogRows, type Locked, lockedRelations, locksOf } from './locks.ts';
import type { Outside } from './outside.ts';
import { columnsOf, errorCode, type Message, messagesOf, queryMessage, textOf } from './wire.ts';

/** A statement that ran, and what it locked. */
export interface Heard {
  readonly sql: string;
  /** Locked by this statement. */
  readonly locked: readonly Locked[];
  /** Whether it needs these as well cannot be seen: they were locked before it in the same transaction, or cannot be watched. */
  readonly unseen: readonly Locked[];
  /** The server told that it skipped something: what is not there, or is there already, or belongs to somebody else. */
  readonly hasSkipped: boolean;
}

export interface Listener {
  readonly admin: Client;
  readonly outside: Outside;
  heard(statement: Heard): void;
}

/** What the server answered to one text. */
interface Answer {
  readonly messages: readonly Message[];
  /** `I` outside a transaction, `T` inside, `E` inside one that failed. */
  readonly status: string;
  readonly error: string | undefined;
  readonly hasSkipped: boolean;
}

// What begins, ends or divides transactions, alone or among others in one text.
const controls = /(?:^|;)\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;
// Refused inside a transaction block: such a statement commits by itself.
const refusedInside = new Set(['25001', '2D000', '25P01']);

/**
 * Stands between a client and the server. A statement that would commit by itself is put into a transaction, so that its
 * locks can be looked at before they are gone; one that refuses that is watched from outside.
 */
export async function listen(client: Socket, port: number, listener: Listener): Promise<void> {
  const server = connect({ port, host: '127.0.0.1', noDelay: true });
  client.setNoDelay(true);
  const fromClient = messagesOf(client, true);
  const fromServer = messagesOf(server, false);
  const known: CatalogRow[] = [];
  let pid = 0;
  let status = 'I';
  let locksBefore: ReadonlySet<string> = new Set();

  /** The answer up to where the server is ready again. What a COPY asks for is passed on. */
  const answer = async (): Promise<Answer> => {
    const messages: Message[] = [];
    let error: string | undefined;
    let hasSkipped = false;
    for (;;) {
      const message = await fromServer.next();
      if (message === undefined) throw new Error('the server is gone');
      if (message.type === 'K') pid = message.body.readUInt32BE(0);
      if (message.type === 'E') error ??= errorCode(message);
      if (message.type === 'N') hasSkipped ||= message.body.includes('skipping');
      if (message.type === 'Z')
        return { messages: [...messages, message], status: message.body.toString('latin1', 0, 1), error, hasSkipped };
      messages.push(message);
      if (message.type !== 'G') continue;
      for (const each of messages.splice(0)) client.write(each.bytes);
      for (let data = await fromClient.next(); data !== undefined; data = await fromClient.next()) {
        server.write(data.bytes);
        if (data.type === 'c' || data.type === 'f') break;
      }
    }
  };
  const ask = (sql: string): Promise<Answer> => {
    server.write(queryMessage(sql));
    return answer();
  };
  const pass = ({ messages, status: after }: Answer): void => {
    status = after;
    client.write(Buffer.concat(messages.map(({ bytes }) => bytes)));
  };

  /** Learns the names of relations, from outside first: as they were before this transaction. */
  const learn = async (oids: readonly string[]): Promise<void> => {
    known.push(...(await catalogRows(listener.admin, oids)));
    if (oids.length === 0) return;
    const { messages } = await ask(catalogQuery(oids));
    for (const message of messages) if (message.type === 'D') known.push(columnsOf(message) as unknown as CatalogRow);
  };

  const report = async (sql: string, hasSkipped: boolean): Promise<void> => {
    const locks = await locksOf(listener.admin, pid);
    const fresh = [...locks].filter((lock) => !locksBefore.has(lock));
    await learn([...new Set(fresh.map((lock) => lock.split(' ')[0] ?? ''))]);
    listener.heard({ sql, locked: lockedRelations(fresh, known), unseen: lockedRelations(locksBefore, known), hasSkipped });
    locksBefore = locks;
  };

  const runAlone = async (message: Message, sql: string): Promise<void> => {
    await ask('begin');
    server.write(message.bytes);
    const answered = await answer();
    if (answered.status === 'T') {
      locksBefore = new Set();
      await report(sql, answered.hasSkipped);
      locksBefore = new Set();
      const ended = await ask('commit');
      const failure = ended.messages.filter(({ type }) => type === 'E');
      pass({ ...ended, messages: [...answered.messages.slice(0, -1), ...failure, ...ended.messages.slice(-1)] });
      return;
    }
    const ended = answered.status === 'E' ? await ask('rollback') : answered;
    if (answered.error === undefined || !refusedInside.has(answered.error)) {
      pass({ ...ended, messages: [...answered.messages.slice(0, -1), ...ended.messages.slice(-1)] });
      return;
    }
    const watched = await listener.outside.watch(pid, sql, async () => {
      server.write(message.bytes);
      return answer();
    });
    pass(watched.result);
    if (watched.result.error === undefined)
      listener.heard({ sql, locked: watched.locked, unseen: watched.unseen, hasSkipped: watched.result.hasSkipped });
  };

  const start = await fromClient.next();
  if (start === undefined) return;
  server.write(start.bytes);
  pass(await answer());
  for (let message = await fromClient.next(); message !== undefined; message = await fromClient.next()) {
    const sql = message.type === 'Q' ? textOf(message) : '';
    if (message.type === 'Q' && status === 'I' && !controls.test(sql)) {
      await runAlone(message, sql);
      continue;
    }
    server.write(message.bytes);
    if (message.type === 'X') break;
    // A Sync and a function call of the old protocol are answered like a query.
    if (!'QSF'.includes(message.type)) continue;
    const answered = await answer();
    if (message.type === 'Q' && answered.status === 'T' && answered.error === undefined && !controls.test(sql))
      await report(sql, answered.hasSkipped);
    else locksBefore = answered.status === 'T' ? await locksOf(listener.admin, pid) : new Set();
    pass(answered);
  }
  server.end();
  client.end();
}
