import { renderMermaidSVG } from 'beautiful-mermaid';
import { defineConfig } from 'vitepress';
import { sidebar } from './sidebar.mjs';

/** Drawings are drawn when the site is built, in the colours of the page. The library's own style asks a font of somebody else's server. */
const figure = (text) =>
  `<figure class="drawing" tabindex="0">${renderMermaidSVG(text, { bg: 'var(--vp-c-bg)', fg: 'var(--vp-c-text-1)' }).replace(/@import url\('[^']*'\);/, '')}</figure>`;
const figures = new Map();
/** A page is rendered several times; a drawing takes half a second. */
const draw = (text) => figures.get(text) ?? figures.set(text, figure(text)).get(text);

/** What the search index is made of needs no colours, which take a third of the build's time. */
function renderForSearch(text, env, markdown) {
  markdown.options.highlight = null;
  const html = markdown.render(text, env);
  return env.frontmatter?.search === false ? '' : html;
}

/** Anchors as GitHub makes them: the pages are read there as well. */
const slugify = (title) =>
  title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

export default defineConfig({
  title: 'giveway',
  description: 'Best-effort write locks for warehouse tables: scheduled writers give way to one another, readers never stop.',
  srcDir: '.content',
  outDir: 'dist',
  cacheDir: '.cache',
  lang: 'en',
  // What a page asks for is on the same server, and what it may need next is not fetched before it does.
  router: { prefetchLinks: false },
  // The search index is one file, fetched when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  markdown: {
    // `giveway.co` would become a link.
    linkify: false,
    anchor: { slugify },
    config: (md) => {
      const fence = md.renderer.rules.fence;
      md.renderer.rules.fence = (tokens, index, ...rest) =>
        tokens[index].info === 'mermaid' ? draw(tokens[index].content) : fence(tokens, index, ...rest);
    },
  },
  themeConfig: {
    nav: [
      { text: 'Start', link: '/start' },
      { text: 'Guarantees', link: '/guarantees' },
      { text: 'Stores', link: '/stores' },
      { text: 'API', link: '/api/index' },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: 'local', options: { _render: renderForSearch } },
    docFooter: { prev: false, next: false },
  },
});
