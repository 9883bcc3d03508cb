import { modules } from './modules.mjs';

/** Tests import the package by its own name, as users do, and get its sources. */
const moduleNameMapper = Object.fromEntries(modules.map(({ specifier, source }) => [`^${specifier}$`, source.replace('./', '<rootDir>/')]));

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/(packaging|roles|site)/'],
  moduleNameMapper,
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  maxWorkers: 2,
  // What files leave behind makes each after them slower: the longest takes 42 s by itself, and took 220 as the last of three hundred.
  workerIdleMemoryLimit: '300MB',
  testTimeout: 30_000,
  transform: {
    '^.+\\.[cm]?ts$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', transform: { decoratorVersion: '2022-03' } },
        module: { type: 'commonjs' },
      },
    ],
  },
};
