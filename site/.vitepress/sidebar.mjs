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
const group = (text, pages, collapsed = true) => ({
  text,
  collapsed,
  items: pages.filter((page) => existsSync(new URL(`${page}.md`, content))).map(item),
});

/** All pages, in the order in which somebody new needs them. */
export const sidebar = [
  group('Begin', ['start', 'choosing', 'coming-from', 'comparison', 'glossary'], false),
  group('By role', pagesIn('roles'), false),
  group('Use', ['locker', 'configuration', 'jobs', 'warehouse', 'orms', 'leases', 'cli', 'bundling', 'runtimes'], false),
  group('Watch', ['observe', 'dashboard', 'forecast', 'advise', 'operations'], false),
  { ...group('Stores', pagesIn('stores')), link: '/stores' },
  group('Trust', ['guarantees', 'faults', 'security', 'cost', 'bench/results'], false),
  { ...group('Examples', pagesIn('examples', true)), link: '/examples/index' },
  { ...group('API', pagesIn('api', true)), link: '/api/index' },
  group('Inside', ['architecture', 'record', 'writing-a-store', ...pagesIn('decisions'), 'changelog']),
];
