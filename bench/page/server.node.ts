/** The dashboard in a process of its own, as `giveway dashboard` serves it: says where it is, and for each message how it fared since the last. */
import { Pool } from 'pg';
import { serveDashboard } from '../../src/dashboard/index.ts';
import { createLocker } from '../../src/index.ts';
import { postgresJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { longestBlock } from './longest-block.ts';

/** What the server says. */
export interface Fared {
  readonly longestBlockMs: number;
  /** How often the store was asked for a table. */
  readonly inspections: number;
  readonly rssMB: number;
}

const { url, table, tables } = JSON.parse(process.argv[2] ?? '') as { url: string; table: string; tables: readonly string[] };
const locker = createLocker({ store: memoryStore() });
let inspections = 0;
const inspect = (name: string) => {
  inspections++;
  return locker.inspect(name);
};
const journal = postgresJournal({ pool: new Pool({ connectionString: url }), table });
const blocks = longestBlock();
const server = await serveDashboard({ locker: { defaultSchema: 'public', inspect }, journal, resources: tables, port: 0 });
process.on('message', () => {
  process.send?.({ longestBlockMs: blocks.takeMs(), inspections, rssMB: process.memoryUsage().rss / 1e6 } satisfies Fared);
  inspections = 0;
});
process.on('disconnect', () => process.exit());
process.send?.(server.url);
