/** docs/record.md is written from the code; what it names must be there, and what is there it must name. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { clockSkewMs, grantLifeMs, maxEntries } from '../../src/lock/record/decide.ts';
import type { Entrant, LockRecord, Waiting } from '../../src/lock/record/record.ts';
import { exptimeFor } from '../../src/stores/memcached/exptime.ts';
import { encode } from '../../src/stores/memcached/meta.ts';

const root = join(__dirname, '../..');
const page = readFileSync(join(root, 'docs/record.md'), 'utf8');
const chapter = (title: string): string => page.slice(page.indexOf(`\n## ${title}\n`)).split(/\n## /)[1] ?? '';

/** Each field, or this would not compile: a field that is added is missed here first. */
const fields = {
  'the record': { v: true, at: true, holders: true } satisfies Record<Exclude<keyof LockRecord, 'line'>, true>,
  'a holder': {
    token: true,
    mode: true,
    job: true,
    host: true,
    pid: true,
    since: true,
    latestEnd: true,
    ttlMs: true,
    until: true,
    beat: true,
    minHold: true,
    line: true,
    usualMs: true,
    guessMs: true,
    limit: true,
  } satisfies Record<keyof Entrant, true>,
  'one who waits': {
    token: true,
    mode: true,
    job: true,
    host: true,
    pid: true,
    since: true,
    ttlMs: true,
    maxHoldMs: true,
    maxWaitMs: true,
    pauseMs: true,
    usualMs: true,
    limit: true,
    gone: true,
  } satisfies Record<keyof Waiting | 'gone', true>,
};

test.each(Object.entries(fields))('each field of %s has its row, and no other', (of, expected) => {
  const [, table = ''] = chapter('The text').split(`| of ${of} |`);
  const rows =
    table
      .split('\n\n')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('| `')) ?? [];
  const named = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(\w+)`/g)].map(([, name = '']) => name));
  expect(named.sort()).toEqual(Object.keys(expected).sort());
});

test('its numbers are those of the code', () => {
  expect(chapter('Clocks')).toContain(`with ${clockSkewMs.toLocaleString('en')} ms of slack`);
  expect(chapter('May I enter?')).toContain(`\`pauseMs\` + ${grantLifeMs.toLocaleString('en')}`);
  expect(chapter('The text')).toContain(`${maxEntries} holders and ${maxEntries} who wait`);
});

test("Memcached's commands are those that are sent", () => {
  const request = { key: '<key>', value: '', exptime: exptimeFor(5_000), cas: 9n };
  for (const command of ['get', 'add', 'replace', 'delete', 'append'] as const) {
    const [line = ''] = encode({ command, ...request }, 1).split('\r\n');
    const said = line.replace(' O1', '').replace('T7', 'T<exptime>').replace('C9', 'C<cas>').replace('<key> 0 ', '<key> <bytes> ');
    expect(chapter('Memcached')).toContain(`\`${said}\``);
  }
});

test.each([
  ['redis', 'Redis'],
  ['postgres', 'Other stores'],
  ['etcd', 'Other stores'],
  ['zookeeper', 'Other stores'],
  ['dynamodb', 'Other stores'],
  ['momento', 'Other stores'],
])('the commands said of %s are in its code, and those of its code are said', (store, title) => {
  const folder = join(root, 'src/stores', store);
  const code = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const said = title === 'Redis' ? chapter(title) : (chapter(title).match(new RegExp(`^\\| ${store} \\|.*$`, 'm'))?.[0] ?? '');
  const words: Record<string, readonly string[]> = {
    redis: ['GET', 'SET', 'PX', 'NX', 'DEL', 'PUBLISH', 'KEEPTTL', 'TIME', 'giveway:changed', 'giveway::fence'],
    postgres: ['key', 'value', 'version', 'expires_at', 'giveway_locks', 'pg_notify', 'on conflict', 'value = null'],
    etcd: ['txn', 'delete_range', 'ignore_lease', 'mod_revision'],
    zookeeper: ['check', 'setData'],
    dynamodb: ['data', 'recordVersionNumber', 'leaseDuration', 'givewayVersion', 'appended', 'PutItem', 'DeleteItem', 'UpdateItem'],
    momento: ['setIfAbsentOrEqual', 'setIfEqual', 'tombstone'],
  };
  for (const word of words[store] ?? []) {
    expect(said).toContain(word);
    expect(code).toContain(word);
  }
  const sent = store === 'redis' ? [...code.matchAll(/redis\.p?call\('([A-Z]+)'/g)].map(([, name = '']) => name) : [];
  expect(sent.filter((name) => !said.includes(name))).toEqual([]);
});

test('each file of test/vectors has its row', () => {
  const files = readdirSync(join(root, 'test/vectors')).filter((file) => file.endsWith('.json'));
  expect([...chapter('Vectors').matchAll(/^\| `(\w+\.json)` \|/gm)].map(([, file]) => file).sort()).toEqual(files.sort());
});
