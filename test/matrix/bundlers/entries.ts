/** How a program asks for a module of giveway, and what the bundler makes of it. */
export type Form = 'import → esm' | 'import → cjs' | 'require → cjs';

/** Takes a lock and lets it go, with what the memcached of the test's environment says to it. */
const lockInMemcached = `
  const locker = createLocker({ store: module.memcachedStore({ servers: process.env.MEMCACHED_SERVERS }), namespace: 'bundled' });
  const { status } = await locker.run('bundled', () => {}, { onStoreDown: 'throw' });
  await locker.close();
  if (status !== 'ran') throw new Error(status);`;

/** The file in the working directory names that memcached. Where etcd3 is not there, the error says what to install. */
const lockByConfig = `
  const locker = await module.loadLocker({ env: {} });
  const { status } = await locker.run('bundled', () => {}, { onStoreDown: 'throw' });
  await locker.close();
  if (status !== 'ran') throw new Error(status);
  const opened = await module.loadLocker({ env: {}, overrides: { store: 'etcd://127.0.0.1:1' } }).then(
    (other) => other.close(),
    (error) => error,
  );
  if (!process.env.WITH_PEERS && !/npm install etcd3/.test(opened?.message)) throw opened ?? new Error('etcd3 was there');`;

const plays: Readonly<Record<string, string>> = { 'giveway/memcached': lockInMemcached, 'giveway/config': lockByConfig };

/** A program that uses `module`, and leaves in \`globalThis.played\` what becomes of it. */
export function entryOf(module: string, form: Form): string {
  const play = plays[module] ?? `if (Object.keys(module).length === 0) throw new Error('it exports nothing');`;
  const names = [
    ['module', module, '* as module'],
    ['{ createLocker }', 'giveway', '{ createLocker }'],
  ] as const;
  const wanted = names.filter(([name]) => name === 'module' || play.includes('createLocker'));
  const heads = wanted.map(([name, from, imported]) =>
    form.startsWith('import') ? `import ${imported} from '${from}';` : `const ${name.replace('module', 'loaded')} = require('${from}');`,
  );
  const body = form.startsWith('import') ? play : play.replaceAll('module.', 'loaded.').replaceAll('(module)', '(loaded)');
  return `${heads.join('\n')}\nglobalThis.played = (async () => {${body}\n})();\n`;
}

/** Loads bundles one after another and tells of each, in a line of JSON, what became of it. */
export const player = `
  import { pathToFileURL } from 'node:url';
  for (const file of process.argv.slice(2)) {
    let problem;
    try {
      globalThis.played = undefined;
      await import(pathToFileURL(file).href);
      await globalThis.played;
    } catch (error) {
      problem = String(error?.stack ?? error);
    }
    console.log(JSON.stringify({ file, problem }));
  }
  process.exit();
`;
