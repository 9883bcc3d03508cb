/**
 * Asks a packed version what it writes, and what it makes of what this one writes. Prints what beside.json holds:
 *
 *   npx tsx test/faults/ask-packed.node.ts 0.1.0 > test/faults/beside.json
 */
import { hostname } from 'node:os';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { fakeClock } from '../../src/testing/index.ts';
import { packedAt } from './packed.ts';
import { load } from './product.ts';
import { key, newKinds, oldKinds, resource, textsBy, withoutPush } from './written.ts';

const version = process.argv[2] ?? '0.1.0';
const { createLocker: createPacked } = await load('index', await packedAt(version));

/** How many holders it sees in `text`, and what is there once it has asked for the resource, where that changes anything. */
async function madeOf(text: string): Promise<object> {
  let holders = 0;
  const joined: Record<string, string> = {};
  for (const mode of ['writes', 'appends', 'reads'] as const) {
    const clock = fakeClock();
    const store = memoryStore({ clock });
    await store.create(key, text, 30_000);
    await clock.advance(15);
    const locker = createPacked({ store: withoutPush(store), clock });
    holders = (await locker.inspect(resource)).length;
    await locker.tryLock({ [mode]: resource });
    const after = (await store.read(key))?.value ?? 'nothing';
    if (after !== text) joined[mode] = after;
  }
  return { text, holders, joined };
}

const written = await textsBy(createPacked, oldKinds);
const read: Record<string, object> = {};
for (const [name, text] of Object.entries(await textsBy(createLocker, { ...oldKinds, ...newKinds }))) read[name] = await madeOf(text);
const answers = JSON.stringify({ version, written, read }, null, 2);
process.stdout.write(`${answers.replaceAll(hostname(), 'host').replaceAll(String(process.pid), '4711')}\n`);
process.exit(0);
