/**
 * Lays out what VitePress builds, in `.content/`: the README as the start page, the pages of docs/, the results of the benchmarks, the
 * change log, the examples, and a page for each other file of the repository that one of them points to.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const content = fileURLToPath(new URL('.content', import.meta.url));

/** The site's page for a file of the repository. */
function pageOf(file) {
  if (file === 'README.md') return 'index.md';
  if (file.startsWith('docs/')) return file.slice('docs/'.length);
  if (file.startsWith('examples/')) return `${file}.md`;
  return extname(file) === '.md' ? file.toLowerCase() : join('source', `${file}.md`);
}

const sources = new Set();

/** The text of a page with its links as the site wants them. Code blocks stay as they are. */
function relinked(text, file) {
  const from = dirname(file);
  return text
    .split(/^(```[\s\S]*?^```$)/m)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/\]\((?!\w+:|#)([^)#\s]+)(#[^)]*)?\)/g, (_, path, anchor = '') => `](${linkTo(join(from, path), anchor)})`)
            .replaceAll(/(<img src=")([^":]+)/g, (_, before, path) => before + linkTo(join(from, path), '')),
    )
    .join('');
}

function linkTo(target, anchor) {
  const file = target.replace(/\/$/, '');
  const path = join(root, file);
  if (!existsSync(path)) throw new Error(`a page points to ${file}, which is not there`);
  if (statSync(path).isDirectory()) return `/${pageOf(`${file}/index`)}`;
  if (/\.(png|svg)$/.test(file)) return `/${file.replace(/^docs\//, '')}`;
  if (extname(file) !== '.md' && !file.startsWith('examples/')) sources.add(file);
  return `/${pageOf(file)}${anchor}`;
}

function write(page, text) {
  mkdirSync(dirname(join(content, page)), { recursive: true });
  writeFileSync(join(content, page), text);
}

/** A file as a page: its code, under its name. */
function showSource(file) {
  const language = { '.mts': 'ts', '.ts': 'ts', '.py': 'py' }[extname(file)] ?? 'text';
  write(
    pageOf(file),
    `---\noutline: false\nsearch: ${file.startsWith('examples/')}\n---\n\n# ${basename(file)}\n\n\`${file}\`\n\n\`\`\`${language}\n${readFileSync(join(root, file), 'utf8')}\`\`\`\n`,
  );
}

const filesOf = (folder, ending) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name).replaceAll('\\', '/'))
    .sort();

rmSync(content, { recursive: true, force: true });
for (const file of ['README.md', ...filesOf('docs', '.md'), 'bench/RESULTS.md', 'CHANGELOG.md']) {
  write(pageOf(file), relinked(readFileSync(join(root, file), 'utf8'), file));
}
cpSync(join(root, 'docs/images'), join(content, 'images'), { recursive: true });
cpSync(join(root, 'bench/peers.svg'), join(content, 'bench/peers.svg'));

/** The first sentence of an example's comment. */
const saidOf = (file) =>
  /^(?:\/\*\*\n \* |""")([\s\S]+?[.:])(?:\s|$)/.exec(readFileSync(join(root, file), 'utf8'))?.[1]?.replaceAll('\n * ', ' ') ?? '';
const examples = [...filesOf('examples', '.ts'), ...filesOf('examples', '.py')];
const list = examples.map((file) => `- [${basename(file)}](/${pageOf(file)}): ${saidOf(file).replace(/:$/, '.')}`);
write('examples/index.md', `# Examples\n\nPrograms that run, each in a file; the tests run them too.\n\n${list.join('\n')}\n`);
for (const file of [...examples, ...sources]) showSource(file);
