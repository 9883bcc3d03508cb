import base from '../../jest.config.mjs';

/** The built documentation: `npm run check:docs` builds it first. */
/** @type {import('jest').Config} */
export default { ...base, rootDir: '../..', roots: ['<rootDir>/test/site'], testPathIgnorePatterns: ['/node_modules/'] };
