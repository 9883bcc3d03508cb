/**
 * `npx tsx bench/copy.mts`: 1 000 000 rows through insertBatches, beside bare pg-copy-streams, in rounds that take turns. Prints rows per second and how much memory grew. Starts a PostgreSQL of its own.
 */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { Pool } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { createLocker } from '../src/index.ts';
import { memcachedStore } from '../src/stores/memcached/index.ts';
import { createWarehouse } from '../src/warehouse/index.ts';
import { memcachedServer, postgresServer } from '../test/support/services.ts';
import { spreadOf } from './estimate.ts';
import { machine, writeSection } from './results-file.ts';

interface Event {
  readonly id: number;
  readonly visitor: string;
  readonly page: string;
  readonly at: string;
  readonly ms: number;
}

function* events(count: number): Generator<Event> {
  for (let id = 0; id < count; id++)
    yield {
      id,
      visitor: `visitor-${id % 50_000}`,
      page: `/products/${id % 997}?from=search`,
      at: '2026-01-01 12:34:56',
      ms: (id * 7) % 4_000,
    };
}

/** What somebody writes who has only pg-copy-streams: lines of text, escaped where they must be. */
function* lines(count: number): Generator<string> {
  const escaped = (text: string): string =>
    text.replace(/[\\\t\n\r]/g, (character) => `\\${{ '\t': 't', '\n': 'n', '\r': 'r' }[character] ?? character}`);
  let piece = '';
  for (const { id, visitor, page, at, ms } of events(count)) {
    piece += `${id}\t${escaped(visitor)}\t${escaped(page)}\t${escaped(at)}\t${ms}\n`;
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield piece;
}

const megabyte = 1_048_576;

async function timed(count: number, work: () => Promise<unknown>): Promise<{ rowsPerSecond: number; grewMegabytes: number }> {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  const startBytes = process.memoryUsage.rss();
  let mostBytes = startBytes;
  const watch = setInterval(() => {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
  }, 20);
  const startMs = performance.now();
  await work();
  const seconds = (performance.now() - startMs) / 1_000;
  clearInterval(watch);
  return { rowsPerSecond: count / seconds, grewMegabytes: (mostBytes - startBytes) / megabyte };
}

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      rounds: { type: 'string', default: '15' },
      'no-write': { type: 'boolean', default: false },
    },
  });
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
  const [postgres, memcached] = await Promise.all([postgresServer(), memcachedServer()]);
  const pool = new Pool({ connectionString: postgres.url, max: 3 });
  const store = memcachedStore({ servers: memcached.url });
  const locker = createLocker({ store, closesStore: true });
  const warehouse = createWarehouse({ pool, locker });
  try {
    const where = machine();
    await pool.query('create unlogged table events (id int, visitor text, page text, at timestamp, ms int)');
    const bare = async (count: number): Promise<void> => {
      const client = await pool.connect();
      await pipeline(Readable.from(lines(count)), client.query(copyFrom('copy events from stdin')));
      client.release();
    };
    const batches = (count: number): Promise<unknown> => warehouse.insertBatches('events', events(count));
    const ways = { 'pg-copy-streams': bare, insertBatches: batches };
    for (const way of Object.values(ways)) await way(rows / 20);
    const figures = { 'pg-copy-streams': [], insertBatches: [] } as Record<keyof typeof ways, Awaited<ReturnType<typeof timed>>[]>;
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(ways) as (keyof typeof ways)[]) {
        await pool.query('truncate events');
        figures[name].push(await timed(rows, () => ways[name](rows)));
        const [found] = (await pool.query<{ rows: string }>('select count(*) as rows from events')).rows;
        if (Number(found?.rows) !== rows) throw new Error(`${found?.rows} rows are in, not ${rows}`);
      }
    }
    const table = Object.entries(figures).map(([name, all]) => {
      const [rate, memory] = [
        spreadOf(all.map(({ rowsPerSecond }) => rowsPerSecond)),
        spreadOf(all.map(({ grewMegabytes }) => grewMegabytes)),
      ];
      return `| ${name} | ${Math.round(rate.median)} (${Math.round(rate.least)}–${Math.round(rate.most)}) | ${memory.median.toFixed(0)} (at most ${memory.most.toFixed(0)}) |`;
    });
    const ratio = spreadOf(
      figures.insertBatches.map(({ rowsPerSecond }, round) => rowsPerSecond / (figures['pg-copy-streams'][round]?.rowsPerSecond ?? 1)),
    );
    const most = Math.max(...figures.insertBatches.map(({ grewMegabytes }) => grewMegabytes));
    const verdict = (met: boolean): string => (met ? 'met' : '**missed**');
    const text = `${where}

${rows} rows of 5 columns in each of ${rounds} interleaved rounds, one table, one process.

| way | rows/s: median (least–most) | RSS above the start, MB |
|---|---:|---:|
${table.join('\n')}

- rows per second, insertBatches / pg-copy-streams: ${ratio.median.toFixed(2)} (${ratio.least.toFixed(2)}–${ratio.most.toFixed(2)}), wanted ≥ 0.9: ${verdict(ratio.median >= 0.9)}
- RSS above the start at most ${most.toFixed(0)} MB, wanted < 80: ${verdict(most < 80)}`;
    process.stdout.write(`${text}\n`);
    if (!values['no-write']) writeSection('A million rows by COPY (`npx tsx bench/copy.mts`)', text);
  } finally {
    await locker.close();
    await pool.end();
    await Promise.all([postgres.stop(), memcached.stop()]);
  }
}

bench().then(
  () => process.exit(),
  (error: Error) => {
    process.stderr.write(`${error.stack ?? error.message}\n`);
    process.exit(1);
  },
);
