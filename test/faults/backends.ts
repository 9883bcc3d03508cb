/** The servers under test, and how to be unkind to each. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createConnection } from 'mysql2/promise';
import { createTableSql as createMysqlTableSql } from '../../src/stores/mysql/index.ts';
import { createTableSql } from '../../src/stores/postgres/index.ts';
import type { Protocol } from '../support/frames.ts';
import { memcachedServer, mysqlServer, type ProcessServer, postgresServer, query, redisServer } from '../support/services.ts';
import type { StoreName } from './stores.ts';

export interface Backend {
  readonly name: StoreName;
  readonly protocol: Protocol;
  start(): Promise<ProcessServer>;
  /** Empties it. */
  flush(server: ProcessServer): Promise<void>;
  /** Writes other people's data until records have to go. Absent where records never have to. */
  crowd?(server: ProcessServer): Promise<void>;
  /** What it may lose, by its page in docs/stores. */
  readonly forgets: {
    readonly atRestart: boolean;
    /** For how long after it was stopped it may still grant locks that end at once; 0: it never does. */
    readonly afterStopMs: number;
  };
  /** How much longer than its TTL a key may live. */
  readonly overstayMs: number;
}

export const backends: readonly Backend[] = [
  {
    name: 'memcached',
    protocol: 'memcached',
    start: () => memcachedServer(['-m', '1', '-I', '512k']),
    flush: (server) => tell(server, 'flush_all\r\n', /^OK/),
    // As large as records are, so that they compete for the same slabs.
    crowd: (server) => {
      const sets = Array.from({ length: 4_000 }, (_, index) => {
        const bytes = 150 + (index % 350);
        return `set crowd${index}.${Date.now()} 0 0 ${bytes} noreply\r\n${'x'.repeat(bytes)}\r\n`;
      });
      return tell(server, `${sets.join('')}version\r\n`, /^VERSION/);
    },
    // The clock that TTLs are counted on moves on at the first tick after the stop.
    forgets: { atRestart: true, afterStopMs: 1_000 },
    overstayMs: 3_000,
  },
  {
    name: 'redis',
    protocol: 'redis',
    start: () => redisServer(['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random']),
    flush: (server) => tell(server, 'FLUSHALL\r\n', /^\+OK/),
    crowd: (server) => {
      const sets = Array.from({ length: 1_000 }, (_, index) => `SET crowd${index}.${Date.now()} ${'x'.repeat(1_000)}\r\n`);
      return tell(server, `${sets.join('')}PING\r\n`, /\+PONG/);
    },
    forgets: { atRestart: true, afterStopMs: 0 },
    overstayMs: 0,
  },
  {
    name: 'postgres',
    protocol: 'postgres',
    async start() {
      const server = await postgresServer();
      await query(server.url, createTableSql());
      return server;
    },
    flush: (server) => query(server.url, 'truncate giveway_locks'),
    forgets: { atRestart: false, afterStopMs: 0 },
    overstayMs: 0,
  },
  {
    name: 'mysql',
    protocol: 'mysql',
    async start() {
      const server = await mysqlServer();
      await askMysql(server, createMysqlTableSql());
      return server;
    },
    flush: (server) => askMysql(server, 'truncate giveway_locks'),
    forgets: { atRestart: false, afterStopMs: 0 },
    overstayMs: 0,
  },
];

async function askMysql({ url }: ProcessServer, sql: string): Promise<void> {
  const connection = await createConnection(url);
  await connection.query(sql).finally(() => connection.end());
}

/** The same server, seen through a proxy. */
export function urlThrough(server: ProcessServer, proxy: { readonly port: number }): string {
  return server.url.replace(`:${server.port}`, `:${proxy.port}`);
}

/** SIGSTOP to the server and its children (Postgres answers from those), then SIGCONT. */
export function pauseServer(server: ProcessServer): { resume(): void } {
  const pids = [server.pid, ...childrenOf(server.pid)];
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  return {
    resume() {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    },
  };
}

function childrenOf(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}

/** Says `text` on a connection of its own; resolves when the answer matches. */
async function tell(server: ProcessServer, text: string, expected: RegExp): Promise<void> {
  const socket = connect(server.port, server.host);
  try {
    let heard = '';
    socket.write(text);
    for await (const chunk of socket) {
      heard = (heard + chunk).slice(-1_000);
      if (expected.test(heard)) return;
    }
    throw new Error(`${server.url} said ${JSON.stringify(heard)}`);
  } finally {
    socket.destroy();
  }
}
