import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '../lock/errors.ts';
import { cleanError } from '../lock/redact.ts';

/** What a config file holds: JSON as it stands, of the others the default export. Each loader is loaded when it is needed. */
export async function readConfigFile(path: string, content: string): Promise<unknown> {
  if (basename(path) === 'package.json') return { ...(parseJson(path, content) as object) };
  if (extname(path) === '.json') {
    const config = parseJson(path, content);
    if (config === null) throw new ConfigError(path, [{ path: '(file)', message: 'holds null; an object is allowed' }]);
    return config;
  }
  let config: unknown;
  try {
    config = await defaultExport(await importModule(path));
  } catch (error) {
    throw evaluationFailed(path, error);
  }
  if (config === undefined || config === null)
    throw new ConfigError(path, [{ path: '(default export)', message: 'missing; write `export default defineConfig({ … })`' }]);
  return config;
}

interface ConfigModule {
  readonly default?: unknown;
}

const ownModuleMissing = /^Cannot find (?:module|package) '(giveway(?:\/[^']*)?)'/;

/**
 * Where giveway is not installed beside the file, as with a global install, it gets the modules of the package that runs.
 * The platform's own `import` cannot be told of them, so the file goes through jiti then.
 */
async function importModule(path: string): Promise<ConfigModule> {
  const ownModules: Record<string, unknown> = {};
  let load = extname(path) === '.ts' ? importTypescript : importNative;
  for (;;) {
    try {
      return await load(path, ownModules);
    } catch (error) {
      const [, name] = ownModuleMissing.exec((error as Error | undefined)?.message ?? '') ?? [];
      if (name === undefined || name in ownModules) throw error;
      const missing = (): never => {
        throw error;
      };
      ownModules[name] = await import(/* webpackIgnore: true */ name).catch(missing); // a package may import itself by its name
      load = importTypescript;
    }
  }
}

async function importNative(path: string): Promise<ConfigModule> {
  return import(/* webpackIgnore: true */ pathToFileURL(path).href);
}

/** Not named where it is imported: a bundler would take it in, and it has files beside it that it then does not find. */
const compiler: string = 'jiti';

/** jiti keeps what it compiled in a shared temporary directory unless told not to, and a config may hold a password. */
async function importTypescript(path: string, virtualModules: Record<string, unknown>): Promise<ConfigModule> {
  const { createJiti } = (await import(/* webpackIgnore: true */ compiler)) as typeof import('jiti');
  return createJiti(path, { fsCache: false, virtualModules }).import(path);
}

/** A CommonJS file that was compiled from a module has its default export one level deeper. */
function defaultExport(module: ConfigModule): unknown {
  const exported = module.default;
  return typeof exported === 'object' && exported !== null && '__esModule' in exported ? Reflect.get(exported, 'default') : exported;
}

/** The parser's own message quotes the file, and so perhaps a password: only the part without the quotation is told. */
function parseJson(path: string, content: string): unknown {
  const text = content.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(text);
  } catch (error) {
    const [reason = ''] = (error as SyntaxError).message.split(/, (?:\.\.\.)?"/);
    const message = reason.replace(/ in JSON at position (\d+).*/, (_, position: string) => ` at ${lineAndColumn(text, Number(position))}`);
    throw new ConfigError(path, [{ path: '(file)', message: `not valid JSON: ${message}` }]);
  }
}

function lineAndColumn(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

function evaluationFailed(path: string, error: unknown): ConfigError {
  const cause = cleanError(error);
  const hint = cause.name === 'SyntaxError' ? '; `node --check` shows where' : '';
  return new ConfigError(path, [{ path: '(file)', message: `could not be loaded: ${cause.message}${hint}` }], { cause });
}
