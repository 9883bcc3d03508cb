import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@jest/globals';

const page = readFileSync(resolve('docs/runtimes.md'), 'utf8');
const { peerDependencies } = JSON.parse(readFileSync(resolve('package.json'), 'utf8')) as { peerDependencies: Record<string, string> };

test('docs/runtimes.md names every optional package', () => {
  const [, versions = ''] = page.split('## Versions of other packages');
  const named = [...versions.matchAll(/^\| (@?[\w/-]+) \| /gm)].map(([, name]) => name).filter((name) => name !== 'package');
  const others = Object.keys(peerDependencies).filter((name) => name !== '@photostructure/sqlite');
  expect(named.sort()).toEqual(others.sort());
});
