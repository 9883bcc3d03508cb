/**
 * Modules that stand on packages of others from their first line. Where such a package is missing, Node says only that it is not found. So
 * Node loads them through a gate, which says what to install; bundlers, which know the condition `module`, take them as they are, since
 * they can only follow an `import` that stands at the top.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const needs = { cron: ['node-cron'], nestjs: ['@nestjs/common', '@nestjs/core'] };

/** @param {Record<string, any>} exports of package.json, as the build makes them */
export function withGates(exports) {
  const gated = Object.keys(needs).map((name) => [
    `./${name}`,
    {
      import: { types: `./dist/${name}.d.mts`, module: `./dist/${name}.mjs`, default: `./dist/${name}.gate.mjs` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.gate.cjs` },
    },
  ]);
  return { ...exports, ...Object.fromEntries(gated) };
}

/** Beside the modules in `dist`. */
export async function writeGates() {
  for (const [name, packages] of Object.entries(needs)) {
    if (!existsSync(`dist/${name}.mjs`) || !existsSync(`dist/${name}.cjs`)) continue;
    const names = Object.keys(await import(pathToFileURL(`dist/${name}.mjs`).href)).join(', ');
    const advise = adviceOn(name, packages);
    writeFileSync(
      `dist/${name}.gate.mjs`,
      `import { GivewayError } from './index.mjs';\n${advise}const { ${names} } = await import('./${name}.mjs').catch(advise);\nexport { ${names} };\n`,
    );
    writeFileSync(
      `dist/${name}.gate.cjs`,
      `const { GivewayError } = require('./index.cjs');\n${advise}try {\n  module.exports = require('./${name}.cjs');\n} catch (error) {\n  advise(error);\n}\n`,
    );
  }
}

/** Of another package that is missing nothing is known here. */
function adviceOn(name, packages) {
  const missing = `giveway/${name} needs the package${packages.length > 1 ? 's' : ''} ${packages.join(' and ')}: npm install ${packages.join(' ')}`;
  return `const advise = (error) => {
  const isMissing = error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'MODULE_NOT_FOUND';
  if (!isMissing || !${JSON.stringify(packages)}.some((name) => error.message.includes(\`'\${name}'\`))) throw error;
  throw new GivewayError('ERR_GIVEWAY_PEER_MISSING', ${JSON.stringify(missing)}, { cause: error });
};
`;
}
