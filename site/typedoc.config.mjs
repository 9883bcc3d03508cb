import { modules } from '../modules.mjs';

/**
 * The API reference: a page for each module, made of its types and their comments.
 * @type {Partial<import('typedoc').TypeDocOptions & import('typedoc-plugin-markdown').PluginOptions>}
 */
export default {
  plugin: ['typedoc-plugin-markdown', './module-names.mjs'],
  entryPoints: modules.map(({ source }) => `../${source}`),
  tsconfig: '../tsconfig.json',
  // The compiler has its own check.
  skipErrorChecking: true,
  validation: { notExported: false },
  out: '.content/api',
  outputFileStrategy: 'modules',
  entryFileName: 'index',
  readme: 'none',
  name: 'API reference',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  disableSources: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  useCodeBlocks: true,
  expandObjects: true,
  parametersFormat: 'table',
  // Its own count of equal headings is not the one that the site makes.
  useHTMLAnchors: true,
  anchorPrefix: 'api-',
  groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables'],
  sort: ['alphabetical'],
  logLevel: 'Warn',
};
