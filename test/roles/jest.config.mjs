import base from '../../jest.config.mjs';

const { moduleNameMapper: _sources, testPathIgnorePatterns: _ignored, ...rest } = base;

/** What newcomers do, with the packed tarball: `npm run test:roles`. An installation can take a minute where nothing is cached. */
/** @type {import('jest').Config} */
export default {
  ...rest,
  rootDir: '../..',
  roots: ['<rootDir>/test/roles'],
  globalSetup: '<rootDir>/test/roles/setup.ts',
  testTimeout: 120_000,
};
