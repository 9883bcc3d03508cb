import { renderMermaidSVG } from 'beautiful-mermaid';
import { defineConfig } from 'vitepress';
import { sidebar } from './sidebar.mjs';

/** Drawings are drawn when the site is built, in the colours of the page. The library's own style asks a font of somebody else's server. */
function figure(text) {
  const svg = renderMermaidSVG(text, { bg: 'var(--vp-c-bg)', fg: 'var(--vp-c-text-1)' }).replace(/@import url\('[^']*'\);/, '');
  // As a value, since Vue takes the style out of what it compiles.
  return `<figure class="drawing" tabindex="0" v-html="${JSON.stringify(svg).replaceAll('&', '&amp;').replaceAll('"', '&quot;')}"></figure>`;
}
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

/** The sign that says to give way. */
const sign =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 3h12L8 14z" fill="#fff" stroke="#1a7f64" stroke-width="2"/></svg>';
const icon = `data:image/svg+xml,${encodeURIComponent(sign)}`;

export default defineConfig({
  title: 'giveway',
  description: 'Best-effort write locks for warehouse tables: scheduled writers give way to one another, readers never stop.',
  srcDir: '.content',
  outDir: 'dist',
  cacheDir: '.cache',
  lang: 'en',
  head: [['link', { rel: 'icon', href: icon }]],
  // What a page asks for is on the same server, and what it may need next is not fetched before it does.
  router: { prefetchLinks: false },
  // The search index is one file, fetched when somebody searches.
  vite: { build: { chunkSizeWarningLimit: 2_000 } },
  markdown: {
    // `giveway.co` would become a link.
    linkify: false,
    anchor: { slugify },
    // Those of GitHub that can be read by people who see contrasts badly.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config: (md) => {
      // A header without a word is none: the corner of a table.
      const tagOf = (neighbour) => (neighbour.content === '' ? 'td' : 'th');
      md.renderer.rules.th_open = (tokens, index, options, _env, self) => {
        tokens[index].tag = tagOf(tokens[index + 1]);
        return self.renderToken(tokens, index, options);
      };
      md.renderer.rules.th_close = (tokens, index) => `</${tagOf(tokens[index - 1])}>`;
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
