import { existsSync, readdirSync, readFileSync } from 'node:fs';

const content = new URL('../.content/', import.meta.url);
const titleOf = (page) => /^# (.+)$/m.exec(readFileSync(new URL(`${page}.md`, content), 'utf8'))?.[1]?.replaceAll('`', '') ?? page;
const item = (page) => ({ text: titleOf(page), link: `/${page}` });
const pagesIn = (folder, depth = false) =>
  !existsSync(new URL(folder, content))
    ? []
    : readdirSync(new URL(folder, content), { recursive: depth, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md') && name !== 'index.md')
        .map((name) => `${folder}/${name.slice(0, -'.md'.length)}`)
        .sort();
/** A group that is always open; with `link`, one that is closed until somebody opens it. */
const group = (text, pages, link) => ({
  text,
  ...(link && { link, collapsed: true }),
  items: pages.filter((page) => existsSync(new URL(`${page}.md`, content))).map(item),
});

/** All pages, in the order in which somebody new needs them. */
export const sidebar = [
  group('Begin', ['start', 'choosing', 'coming-from', 'comparison', 'glossary']),
  group('By role', pagesIn('roles')),
  group('Use', ['locker', 'configuration', 'jobs', 'warehouse', 'conflicts', 'orms', 'nestjs', 'leases', 'cli', 'bundling', 'runtimes']),
  group('Watch', ['observe', 'dashboard', 'forecast', 'advise', 'operations', 'errors']),
  group('Trust', ['guarantees', 'faults', 'security', 'cost', 'bench/results']),
  group('Stores', pagesIn('stores'), '/stores'),
  group('Examples', pagesIn('examples', true), '/examples/index'),
  group('API', pagesIn('api', true), '/api/index'),
  group('Inside', ['record', 'writing-a-store', ...pagesIn('decisions'), 'changelog'], '/architecture'),
];
