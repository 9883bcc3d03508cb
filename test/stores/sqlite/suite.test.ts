import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { sqliteStore } from '../../../src/stores/sqlite/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { temporaryDirectory } from '../../support/server-process.ts';

const runner = { describe, test, beforeAll, afterAll };

describe.each([false, true])('with flush: %s', (flush) => {
  const file = join(temporaryDirectory('sqlite'), 'locks.db');
  storeSuite({ name: 'sqlite', test: runner, create: () => sqliteStore({ file, flush }) });
});
