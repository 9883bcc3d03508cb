/** `npm run test:linear`: does the time of whatever reads text grow with its length alone? Its help is below. */
import { loadSqlParser } from '../../src/warehouse/sql/index.ts';
import { createChance } from './chance.ts';
import { growthOf, shapeOf } from './growth.ts';
import { readers } from './readers.ts';

const help = `npm run test:linear -- [--seed N] [--texts N] [--reader NAME]

Makes texts that repeat random pieces, reads each at two lengths (16,000 and 256,000 characters), and tells of every reader whose time grows faster
than the length. --seed makes the same texts again; --texts is how many for each reader (default 60).
`;

async function main(): Promise<number> {
  const option = (name: string): string | undefined => {
    const at = process.argv.indexOf(name);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  if (process.argv.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  const seed = Number(option('--seed') ?? Date.now() % 1_000_000);
  const texts = Number(option('--texts') ?? 60);
  await loadSqlParser();
  let isLinear = true;
  for (const reader of readers.filter(({ name }) => [undefined, name].includes(option('--reader')))) {
    const chance = createChance(seed);
    let worst = { exponent: 0, what: '' };
    for (let count = 0; count < texts; count += 1) {
      const shape = shapeOf(chance, reader.pieces);
      const growth = growthOf(reader.read, shape);
      if (growth.exponent > worst.exponent) worst = growth;
      if (!growth.isLinear) {
        isLinear = false;
        console.log(`${reader.name}: ${growth.what}`);
      }
    }
    console.log(`${reader.name.padEnd(34)} worst exponent ${worst.exponent.toFixed(2)}  ${worst.what}`);
  }
  console.log(`${isLinear ? 'Every reader is linear.' : 'Not linear.'} Seed ${seed}, ${texts} texts for each reader.`);
  return isLinear ? 0 : 1;
}

process.exitCode = await main();
