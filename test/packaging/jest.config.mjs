import base from '../../jest.config.mjs';

/** The packed tarball, as users get it: `npm run check:package` builds first. */
const { globalSetup: _setup, globalTeardown: _teardown, moduleNameMapper: _sources, testPathIgnorePatterns: _ignored, ...rest } = base;

/** @type {import('jest').Config} */
export default { ...rest, rootDir: '../..', roots: ['<rootDir>/test/packaging'], testTimeout: 180_000 };
