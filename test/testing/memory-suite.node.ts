import { after as afterAll, before as beforeAll, describe, test } from 'node:test';
import { memoryStore } from '../../src/stores/memory.ts';
import { storeSuite } from '../../src/testing/index.ts';

const backend = memoryStore();

storeSuite({ name: 'memory, on node:test', test: { describe, test, beforeAll, afterAll }, create: () => backend.connect() });
