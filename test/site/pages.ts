import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** One page of the built site, as far as its links go. */
interface BuiltPage {
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
}

/** `&amp;` and its like, as far as links have them. */
const unescaped = (text: string): string => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('&quot;', '"');
const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found = '']) => unescaped(found));

export function readPages(folder: string): ReadonlyMap<string, BuiltPage> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));
  return new Map(
    names.map((name) => {
      const html = readFileSync(join(folder, name), 'utf8');
      const tags = html.replaceAll(/<(script|style)\b[^>]*>[\s\S]*?<\/\1>/g, (element) => element.slice(0, element.indexOf('>') + 1));
      return [name, { ids: new Set(all(tags, /<[^>]*?\sid="([^"]+)"/g)), links: all(tags, /<[^>]*?\s(?:href|src)="([^"]+)"/g) }];
    }),
  );
}

type Pages = ReadonlyMap<string, BuiltPage>;

/** Links to files or anchors that are not there: `page: link`. */
export function brokenLinks(folder: string, pages: Pages): readonly string[] {
  return [...pages].flatMap(([name, { links }]) =>
    links.filter((link) => isOurs(link) && !leads(folder, pages, name, link)).map((link) => `${name}: ${link}`),
  );
}

/** The pages to which links lead from `start`, over as many others as it takes. */
export function reachable(folder: string, pages: Pages, start: string): ReadonlySet<string> {
  const reached = new Set([start]);
  // A set that grows while it is walked is walked to its end.
  for (const name of reached) {
    for (const link of pages.get(name)?.links.filter(isOurs) ?? []) {
      const target = fileOf(folder, pages, name, link);
      if (target?.endsWith('.html')) reached.add(target);
    }
  }
  return reached;
}

const isOurs = (link: string): boolean => !/^(https?|mailto|data):/.test(link);

/** The file of the site that a link means. */
function fileOf(folder: string, pages: Pages, from: string, link: string): string | undefined {
  const path = decodeURI(link.split('#', 1)[0] ?? '');
  const target = path.startsWith('/') ? path.slice(1) : path === '' ? from : posix.join(posix.dirname(from), path);
  return [target, `${target}.html`, posix.join(target, 'index.html')].find(
    (name) => pages.has(name) || (/\.\w+$/.test(name) && existsSync(join(folder, name))),
  );
}

function leads(folder: string, pages: Pages, from: string, link: string): boolean {
  const file = fileOf(folder, pages, from, link);
  const anchor = decodeURI(link.split('#')[1] ?? '');
  return file !== undefined && (anchor === '' || (pages.get(file)?.ids.has(anchor) ?? false));
}
