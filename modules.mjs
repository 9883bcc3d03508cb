import { readFileSync } from 'node:fs';

const { compilerOptions } = JSON.parse(readFileSync(new URL('./tsconfig.json', import.meta.url), 'utf8'));

/**
 * The modules of the package: what `giveway` and `giveway/NAME` mean, and their source files. They are listed once, as
 * `paths` in tsconfig.json, for the compiler; the build, jest and the packaging test read them from here.
 */
export const modules = Object.entries(compilerOptions.paths).map(([specifier, [source]]) => ({
  specifier,
  name: specifier === 'giveway' ? 'index' : specifier.slice('giveway/'.length),
  source,
}));
