/** The suite on the driver that is named, run by `node --test` of the Node that has it. */

import { join } from 'node:path';
import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { type SqliteDriver, sqliteStore } from '../../../src/stores/sqlite/index.ts';
import { storeSuite } from '../../../src/testing/index.ts';
import { temporaryDirectory } from '../../support/server-process.ts';

const driver = process.env['SQLITE_DRIVER'] as SqliteDriver;
const file = join(temporaryDirectory('sqlite'), 'locks.db');

storeSuite({ name: `sqlite, by ${driver}`, test: { describe, test, beforeAll, afterAll }, create: () => sqliteStore({ file, driver }) });
