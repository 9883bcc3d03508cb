/** Run by node outside jest, whose modules cannot `import()` files: loads each config asked for and tells on stdout how it went. */
import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { type LoadOptions, loadConfig } from '../../src/config/index.ts';

async function outcomeOf(options: LoadOptions): Promise<object> {
  try {
    const config = await loadConfig({ env: {}, ...options });
    const store = await config.store.open();
    return { config, store: store.traits.name, isJitiLoaded: loadedFiles().some((path) => path.includes('/node_modules/jiti/')) };
  } catch (error) {
    return { message: (error as Error).message, printed: inspect(error) };
  }
}

function loadedFiles(): readonly string[] {
  return Object.keys(createRequire(`${process.cwd()}/`).cache);
}

async function main(): Promise<void> {
  const outcomes: object[] = [];
  for (const options of JSON.parse(process.argv[2] ?? '[]') as LoadOptions[]) outcomes.push(await outcomeOf(options));
  console.log(JSON.stringify(outcomes));
}

void main();
