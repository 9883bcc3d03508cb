import { describe, expect, test } from '@jest/globals';
import pino from 'pino';
import { createLocker, StoreUnavailableError } from '../../src/index.ts';
import { type Logger, logObserver } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { faultyStore } from '../../src/testing/index.ts';
import { evil, heldByEvil, textsIn, unprintable } from '../support/names-of-others.ts';
import { twoLockers } from './fleet.ts';

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function listLogger(isEnabled: (level: string) => boolean = () => true): { lines: Line[]; logger: Logger } {
  const lines: Line[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: fields as Line['fields'], message });
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), isLevelEnabled: isEnabled };
  return { lines, logger };
}

describe('logObserver', () => {
  test('one line per event, at its level, until disposed', async () => {
    const [a, b] = twoLockers({ job: 'rollup' }, { job: 'nightly' });
    const { lines, logger } = listLogger();
    const observer = logObserver(b, logger);
    const lock = await a.lock('visits');
    await b.run('visits', () => {});
    await lock.unlock();
    await b.run({ writes: 'visits', reads: 'events' }, (mine) => mine.extend(5_000));
    expect(lines.map(({ level, fields }) => [level, fields['event']])).toEqual([
      ['debug', 'busy'],
      ['info', 'skipped'],
      ['debug', 'acquired'],
      ['debug', 'extended'],
      ['debug', 'released'],
    ]);
    expect(lines[1]?.message).toMatch(
      /^"nightly" did not run \(busy, after \d+ ms\): "visits" is held by "rollup" on \S+ \(\d+\) since 2\S+Z$/,
    );
    expect(lines[2]?.message).toMatch(/^"nightly" took "visits\+events" after \d+ ms$/);
    observer[Symbol.dispose]();
    await b.run('visits', () => {});
    expect(lines).toHaveLength(5);
  });

  test('names of others are short and printable, in the sentence and in the fields', async () => {
    const store = memoryStore();
    await heldByEvil(store, 'giveway:events');
    await heldByEvil(store, 'giveway:visits', { job: '', host: '' });
    await using locker = createLocker({ store });
    const { lines, logger } = listLogger();
    using _log = logObserver(locker, logger);
    for (const table of ['events', 'visits']) await locker.run(table, () => {});
    locker.announce('store-down', () => ({ error: new StoreUnavailableError(`it says ${evil}`) }));
    expect(lines.map(({ fields }) => fields['event'])).toEqual(['busy', 'skipped', 'busy', 'skipped', 'store-down']);
    for (const {
      message,
      fields: { err: _, ...fields },
    } of lines) {
      for (const text of [message, ...textsIn(fields)]) expect(text).not.toMatch(unprintable);
      for (const text of textsIn(fields)) expect(text.length).toBeLessThanOrEqual(201);
    }
    expect(lines[2]?.message).toContain('held by a process on an unknown host (7)');
  });

  test('no token and no SQL is ever written, and a job cannot begin a line of its own', async () => {
    const [a, b] = twoLockers({ job: 'bad\nlevel=error\u2028"' });
    const { lines, logger } = listLogger();
    logObserver(a, logger);
    logObserver(b, logger);
    const lock = await a.lock('visits');
    await b.run('visits', () => {});
    a.announce('late-lock', () => ({ sql: "copy visits from 's3' credentials 'secret'", tables: ['visits'], job: undefined }));
    const text = JSON.stringify(lines);
    expect(lines.length).toBeGreaterThan(3);
    expect(text).not.toContain(lock.token);
    expect(text).not.toContain('secret');
    for (const { message } of lines) expect(message).not.toMatch(/[\n\r\u2028]/);
  });

  test('warns of a lock that is none, of a loss, and of a store that is down', async () => {
    const store = faultyStore(memoryStore());
    const [a] = twoLockers({ store });
    const { lines, logger } = listLogger((level) => level !== 'debug');
    logObserver(a, logger);
    const down = store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
    await a.run('visits', () => {});
    down.disarm();
    const lock = await a.lock('visits');
    await a.close();
    await lock.unlock();
    expect(lines.map(({ level, fields }) => [level, fields['event']])).toEqual([
      ['error', 'store-down'],
      ['warn', 'acquired'],
      ['info', 'store-up'],
      ['info', 'lost'],
    ]);
    expect(lines[0]?.fields['err']).toBeInstanceOf(StoreUnavailableError);
  });

  test('writes through pino, whose level decides what is made', async () => {
    const [a, b] = twoLockers({ job: 'rollup' }, { job: 'nightly' });
    const written: string[] = [];
    const logger = pino({ level: 'info' }, { write: (line) => void written.push(line) });
    for (const locker of [a, b]) logObserver(locker, logger);
    const lock = await a.lock('visits');
    await b.run('visits', () => {});
    logger.level = 'debug';
    await lock.unlock();
    a.announce('release-failed', () => ({ id: 0, scope: lock.scope, job: 'rollup', error: new Error('gone') }));
    const lines = written.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { level: 30, event: 'skipped', job: 'nightly', reason: 'busy', resource: 'visits', msg: expect.stringContaining('did not run') },
      { level: 20, event: 'released', job: 'rollup', scope: { writes: ['visits'] }, release: 'released' },
      { level: 40, event: 'release-failed', err: { type: 'Error', message: 'gone', stack: expect.any(String) } },
    ]);
    expect(lines[0]?.['holders']).toMatchObject([{ job: 'rollup', pid: process.pid, state: 'holding' }]);
    expect(written.join()).not.toContain(lock.token);
  });
});
