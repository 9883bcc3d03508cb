/** What a new config says. */
export interface ConfigContents {
  /** `undefined`: it holds credentials and belongs into a variable. */
  readonly store: string | undefined;
  readonly tables: readonly string[];
}

/** A config with comments, in what both TypeScript and JavaScript read. `before` stands between its import and its export. */
export function moduleTemplate({ store, tables }: ConfigContents, before = ''): string {
  const listed = tables.map((table) => `    ${keyOf(table)}: {},\n`).join('');
  const resources =
    tables.length > 0
      ? `  // The tables that jobs write to. Delete those that only one job ever touches.\n  resources: {\n${listed}  },\n`
      : `  // The tables that jobs write to. While this is left out, every name may be locked.\n  // resources: {\n  //   events: {},\n  //   visits: { ttlMs: 60_000, maxHoldMs: 1_800_000 },\n  // },\n`;
  return `import { defineConfig } from 'giveway/config';

${before === '' ? '' : `${before}\n`}export default defineConfig({
  // Where the locks live. GIVEWAY_STORE wins over this.
${store === undefined ? '  // The URL holds credentials: set it in GIVEWAY_STORE, and this file in GIVEWAY_CONFIG.' : `  store: ${quoted(store)},`}

  // Keeps staging and production apart when they share a store.
  // environment: 'production',

  // How long a lock outlives the crash of its holder, in milliseconds.
  ttlMs: 30_000,

  // The longest that one may be held. While this is left out: 5 minutes; an hour in schedules, queues and giveway run.
  // maxHoldMs: 1_800_000,

  // When the store does not answer: 'run' unprotected, 'skip', or 'throw'.
  // onStoreDown: 'run',

${resources}});
`;
}

export function jsonTemplate({ store, tables }: ConfigContents): string {
  const config = {
    $schema: './node_modules/giveway/dist/schema.json',
    ...(store === undefined ? {} : { store }),
    ttlMs: 30_000,
    ...(tables.length > 0 ? { resources: tables } : {}),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

export function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

export function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&').replace(/[\n\r\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}'`;
}
