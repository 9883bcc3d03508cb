import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { requireProgram } from '../../support/programs.ts';
import type { ProcessServer } from '../../support/services.ts';
import { watchOutside } from './outside.ts';
import { type Heard, listen } from './session.ts';

const database = 'regression';
/** A file that takes longer hangs: its psql is ended, and the next one begins. */
const longestFileMs = 180_000;

/** What pg_regress sets before it runs a file. */
const settings = `alter database ${database} set lc_messages to 'C'; alter database ${database} set lc_monetary to 'C';
  alter database ${database} set lc_numeric to 'C'; alter database ${database} set lc_time to 'C';
  alter database ${database} set bytea_output to 'hex'; alter database ${database} set timezone_abbreviations to 'Default'`;

/** Plays PostgreSQL's regression files of `folder` (`src/test/regress` of its source), and tells of each statement that ran. */
export async function play(server: ProcessServer, folder: string, heard: (file: string, statement: Heard) => void): Promise<void> {
  const first = await connected(server.url);
  await first.query(`create database ${database} template template0`);
  await first.query(settings);
  await first.end();
  const url = server.url.replace(/\/postgres$/, `/${database}`);
  const admin = await connected(url);
  let file = '';
  const listener = { admin, outside: watchOutside(admin, url), heard: (statement: Heard) => heard(file, statement) };
  const proxy = createServer((client) => {
    client.on('error', () => {});
    listen(client, server.port, listener).catch(() => client.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  for (file of filesOf(folder)) await runFile(folder, file, port);
  proxy.close();
  await admin.end();
}

function filesOf(folder: string): readonly string[] {
  const lines = readFileSync(join(folder, 'parallel_schedule'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('test:')).flatMap((line) => line.slice('test:'.length).trim().split(/\s+/));
}

async function runFile(folder: string, file: string, port: number): Promise<void> {
  const args = ['-X', '-a', '-q', '-d', database, '-v', 'HIDE_TABLEAM=on', '-v', 'HIDE_TOAST_COMPRESSION=on'];
  const psql = spawn(requireProgram('psql'), [...args, '-f', join(folder, 'sql', `${file}.sql`)], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'],
    env: {
      ...process.env,
      PGHOST: '127.0.0.1',
      PGPORT: String(port),
      PGUSER: 'postgres',
      PGSSLMODE: 'disable',
      PGGSSENCMODE: 'disable',
      PGTZ: 'PST8PDT',
      PGDATESTYLE: 'Postgres, MDY',
      PG_ABS_SRCDIR: folder,
      PG_ABS_BUILDDIR: folder,
      PG_LIBDIR: folder,
      PG_DLSUFFIX: '.so',
      LC_MESSAGES: 'C',
    },
  });
  const timer = setTimeout(() => psql.kill(), longestFileMs);
  await once(psql, 'exit');
  clearTimeout(timer);
}

async function connected(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  client.on('error', () => {});
  await client.connect();
  return client;
}
