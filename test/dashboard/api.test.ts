import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Hono } from 'hono';
import {
  createDashboard,
  type Dashboard,
  type DashboardOptions,
  nodeListener,
  type ServeOptions,
  serveDashboard,
  storeUnlock,
} from '../../src/dashboard/index.ts';
import type { JobPastView, PastView, View } from '../../src/dashboard/view.ts';
import { createLocker, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { createJournal, type Journal, type JournalEntry } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { evil, heldByEvil, textsIn, unprintable } from '../support/names-of-others.ts';

const token = 'correct horse battery staple';
let store: LockStore;
let locker: ResourceLocker;
let journal: Journal;

beforeEach(() => {
  store = memoryStore();
  locker = createLocker({ store, job: 'rollup' });
  journal = createJournal();
  journal.observe(locker);
});
afterEach(() => locker.close());

const dashboardOf = (options: Partial<DashboardOptions> = {}): Dashboard =>
  createDashboard({ locker, journal, resources: ['events', 'Public.Visits'], refreshMs: 100, ...options });
const withUnlock = (): Dashboard => dashboardOf({ token, unlock: storeUnlock({ store }) });
const bearer = { Authorization: `Bearer ${token}` };
const get = (dashboard: Dashboard, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  dashboard(new Request(`http://localhost${path}`, { headers }));
const look = async (dashboard: Dashboard): Promise<View> => (await get(dashboard, '/api/view', bearer)).json() as Promise<View>;
const lookBack = async (dashboard: Dashboard, query = 'lastMs=3600000'): Promise<PastView> =>
  (await get(dashboard, `/api/past?${query}`, bearer)).json() as Promise<PastView>;
const post = (dashboard: Dashboard, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  dashboard(
    new Request('http://localhost/api/unlock', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'Content-Type': 'application/json', ...bearer, ...headers },
    }),
  );
const logIn = (dashboard: Dashboard, candidate: string): Promise<Response> =>
  dashboard(new Request('http://localhost/login', { method: 'POST', body: new URLSearchParams({ token: candidate }) }));

/** A dashboard that somebody listens to has looked some times, so that whichever still looks as often would have too. */
async function threeLooks(): Promise<void> {
  let looks = 0;
  let enough = (): void => {};
  const looked = new Promise<void>((resolve) => {
    enough = resolve;
  });
  const inspect = (name: string) => {
    if (++looks > 3) enough();
    return locker.inspect(name);
  };
  const { body } = await get(dashboardOf({ locker: { defaultSchema: 'public', inspect }, resources: ['events'] }), '/api/events');
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  const heard = async (): Promise<void> => {
    while (!(await reader.read()).done);
  };
  await Promise.all([heard(), looked.then(() => reader.cancel())]);
}

/** What unlocking `events` as it is shown now takes. */
async function shown(dashboard: Dashboard): Promise<{ resource: string; holders: readonly string[]; confirm: string }> {
  const events = (await look(dashboard)).tables.find(({ resource }) => resource === 'events');
  return { resource: 'events', holders: (events?.holders ?? []).map(({ id }) => id), confirm: 'events' };
}

test('shows who holds a table, who is next in line, and no token', async () => {
  const lock = await locker.lock({ appends: ['events'] });
  const other = createLocker({ store, job: 'backfill' });
  const waiting = other.lock('events', { retry: { maxWaitMs: 5_000 } });
  let view = await look(dashboardOf());
  while (view.tables[0]?.waiting.length === 0) {
    await sleep(20);
    view = await look(dashboardOf());
  }
  await lock.unlock();
  await (await waiting).unlock();
  await other.close();

  expect(view.tables).toMatchObject([
    { resource: 'events', state: 'held', holders: [{ job: 'rollup', pid: process.pid, mode: 'append' }], waiting: [{ job: 'backfill' }] },
    { resource: 'visits', state: 'free', holders: [] },
  ]);
  expect(JSON.stringify(view)).not.toContain(lock.token);
});

test('where there are more tables than are shown, those that are held are shown, then the named ones, then the last used', async () => {
  const named = Array.from({ length: 150 }, (_, index) => `named${index}`);
  const startMs = Date.now();
  const hold = {
    kind: 'hold',
    mode: 'write',
    job: 'load',
    host: 'etl-1',
    pid: 1,
    reason: undefined,
    waitedMs: 0,
    isProtected: true,
  } as const;
  const used = Array.from({ length: 150 }, (_, index): JournalEntry => {
    const from = new Date(startMs - 1_800_000 + 1_000 * index);
    return { ...hold, resource: `used${index}`, from, to: from, outcome: 'released' };
  });
  const held: JournalEntry = { ...hold, resource: 'held', from: new Date(startMs - 120_000), to: undefined, outcome: 'ongoing' };
  const past = { entries: async () => [held, ...used.toReversed()] };
  const { tables, tablesLeftOff } = await look(dashboardOf({ journal: past, resources: named }));
  expect([tables.length, tablesLeftOff]).toEqual([200, 101]);
  const seen = tables.map(({ resource }) => resource);
  expect(seen).toEqual(expect.arrayContaining(['held', ...named, 'used149', 'used101']));
});

test('shows how many hold a table with limits, and all who wait in order', async () => {
  const limited = createLocker({ store, resources: { events: { limits: { appends: 2 } } } });
  const locks = await Promise.all([limited.lock({ appends: 'events' }), limited.lock({ appends: 'events' })]);
  const end = new AbortController();
  const others = ['first', 'second', 'third'].map((job) => ({ job, own: createLocker({ store, job }) }));
  for (const { job, own } of others) {
    own.lock('events', { signal: end.signal }).catch(() => {});
    while (!(await own.inspect('events')).some((one) => one.job === job)) await sleep(5);
  }
  const view = await look(dashboardOf());
  end.abort();
  await Promise.all(locks.map((lock) => lock.unlock()));
  await Promise.all([limited, ...others.map(({ own }) => own)].map((each) => each.close()));
  expect(view.tables[0]).toMatchObject({
    state: 'held',
    places: { taken: 2, limit: 2 },
    waiting: [{ job: 'first' }, { job: 'second' }, { job: 'third' }],
    waitingLeftOff: 0,
  });
});

test('counts holds, skips and conflicts of a table, and lists starving jobs first', async () => {
  await locker.run('events', () => {}, { job: 'quick' });
  await locker.run('events', async () => {
    const other = createLocker({ store });
    journal.observe(other);
    for (let i = 0; i < 3; i++) await other.run('events', () => {}, { job: 'hungry' });
    await other.run('events', () => {});
    await other.close();
  });
  locker.announce('conflict', () => ({
    scope: { writes: ['events'], appends: [], reads: [] },
    job: 'quick',
    code: '40001',
    message: 'could not serialize access',
    tables: ['events'],
    attempt: 1,
  }));

  const dashboard = dashboardOf({ starveAfterSkips: 3 });
  const past = await lookBack(dashboard);
  expect(past.lanes).toMatchObject([{ resource: 'events', holds: 2, skips: 4, conflicts: 1 }]);
  const spans = past.lanes[0]?.spans.map(([kind, , , job, count, by]) => [kind, past.names[job], count, past.names[by]]);
  expect(spans).toEqual([
    ['held', 'quick', 1, undefined],
    ['held', 'rollup', 1, undefined],
    ['skip', 'hungry', 3, 'rollup'],
    ['skip', 'a job without a name', 1, 'rollup'],
    ['conflict', 'quick', 1, undefined],
  ]);
  expect(past.jobs.map(({ job, isStarving, skipsInARow }) => [job, isStarving, skipsInARow])).toEqual([
    ['hungry', true, 3],
    ['events', false, 1],
    ['quick', false, 0],
    ['rollup', false, 0],
  ]);
  expect(past.jobs[0]?.lastSkip).toMatchObject({ resource: 'events', reason: 'busy', holders: [{ job: 'rollup' }] });
  expect(past.pairs).toEqual([
    { blocked: 'hungry', by: 'rollup', skips: 3, waits: 0 },
    { blocked: 'a job without a name', by: 'rollup', skips: 1, waits: 0 },
  ]);
  expect(past.advice[0]).toMatch(/^Find who writes to "events", or reads it .*: the database aborted 1 transaction there\.$/);
  expect(past.advice[1]).toBe(`Give "hungry" its turn with onStarving: 'wait': 3 skips in a row, 3 times because of "rollup".`);
  expect((await look(dashboard)).starving).toMatchObject([{ job: 'hungry', skipsInARow: 3 }]);
  const job = (await (await get(dashboard, '/api/past?lastMs=3600000&job=hungry', bearer)).json()) as JobPastView;
  expect(job).toMatchObject({ job: 'hungry', sum: { runs: 0, skips: 3 }, skips: [{ resource: 'events' }, {}, {}], lanes: [{ skips: 3 }] });
});

test('a store or a journal that does not answer is a problem to show, not an error', async () => {
  const broken = { inspect: () => Promise.reject(new Error('down')), defaultSchema: 'public' };
  const view = await look(
    dashboardOf({ locker: broken, journal: { entries: () => Promise.reject(new Error('postgres://user:secret@db')) } }),
  );
  expect(view.tables.map(({ state }) => state)).toEqual(['unknown', 'unknown']);
  expect(view.problems).toEqual([expect.stringContaining('journal'), expect.stringContaining('2 of 2 tables')]);
  expect(JSON.stringify(view)).not.toContain('secret');
});

test.each([
  '',
  'lastMs=0',
  'lastMs=604800001',
  'lastMs=x',
  'fromMs=1&toMs=1',
  'fromMs=5000&toMs=1000',
  'fromMs=8640000000000000&toMs=8640000000002000',
  'fromMs=&toMs=2000',
  'fromMs=0',
  'lastMs=0x36EE80',
  'lastMs=%203600000%20',
  'lastMs=3600000&fromMs=0&toMs=2000',
])('a time that is none is the asker’s fault: %s', async (query) => {
  expect((await get(dashboardOf(), `/api/past?${query}`)).status).toBe(400);
});

test('work that has ended, of which a minimum hold is left, is said to last until that ends', async () => {
  await locker.run('events', () => {}, { minHoldMs: 5_000, maxHoldMs: 3_600_000 });
  const events = (await look(dashboardOf())).tables.find(({ resource }) => resource === 'events');
  expect(events).toMatchObject({ state: 'min-hold', holders: [{ job: 'rollup' }] });
  expect(events?.holders[0]?.latestEndMs).toBeLessThan(Date.now() + 5_000);
});

test('what is not there is told in JSON, as everything is', async () => {
  for (const path of ['/nothing', '/api/nothing', '/api/unlock']) {
    const answer = await get(dashboardOf(), path);
    expect({ path, status: answer.status, body: await answer.json() }).toEqual({ path, status: 404, body: { error: 'not-found' } });
  }
});

test('without a journal there is no past to ask for', async () => {
  const dashboard = createDashboard({ locker });
  expect((await get(dashboard, '/api/past?lastMs=3600000')).status).toBe(404);
  expect(await look(dashboard)).toMatchObject({ hasJournal: false, starving: [] });
});

test('a forecast is drawn after now; one that fails is a problem to show', async () => {
  const at = Date.now() + 60_000;
  const expected = { table: 'events', job: 'rollup', from: new Date(at), to: new Date(at + 1) };
  const told = await lookBack(dashboardOf({ forecast: async () => [expected] }));
  expect(told.ahead).toEqual([{ table: 'events', job: 'rollup', fromMs: at, toMs: at + 1 }]);
  const failing = (): never => {
    throw new Error('secret');
  };
  expect(await lookBack(dashboardOf({ forecast: failing }))).toMatchObject({ ahead: [], problems: ['The forecast did not come.'] });
});

test('says where it is', async () => {
  expect(await look(dashboardOf({ environment: 'staging', store: 'Redis' }))).toMatchObject({ environment: 'staging', store: 'Redis' });
});

test('the stream tells of a hold, and asks nothing once nobody listens', async () => {
  let looks = 0;
  const counted = {
    defaultSchema: 'public',
    inspect: (name: string) => {
      looks++;
      return locker.inspect(name);
    },
  };
  const { body } = await get(dashboardOf({ locker: counted }), '/api/events');
  const reader = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader.read()).value).toContain('"state":"free"');
  const lock = await locker.lock('events');
  expect((await reader.read()).value).toContain('"state":"held"');
  await lock.unlock();
  await reader.cancel();
  await threeLooks(); // one may have been under way
  const before = looks;
  await threeLooks();
  expect(looks).toBe(before);
});

test('a request that cannot be understood is the asker’s fault', async () => {
  const dashboard = withUnlock();
  for (const resource of ['', 'a\u0000b', 'x'.repeat(300), '"open']) {
    const answer = await post(dashboard, { resource, holders: ['id'], confirm: resource });
    expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 400, body: { error: 'request' } });
  }
  const junk = new Request('http://localhost/login', {
    method: 'POST',
    body: 'junk',
    headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
  });
  expect((await dashboard(junk)).status).toBe(401);
});

test('with a token nothing is shown without it; wrong ones are refused', async () => {
  const dashboard = withUnlock();
  await locker.lock('events');
  for (const path of ['/', '/api/view', '/api/events']) {
    for (const headers of [{}, { Authorization: 'Bearer wrong' }, { Cookie: 'giveway_dashboard=9999999999999.forged' }]) {
      const answer = await get(dashboard, path, headers);
      expect([path, answer.status]).toEqual([path, 401]);
      expect(await answer.text()).not.toContain('rollup');
    }
  }
  const refused = await logIn(dashboard, 'wrong');
  expect([refused.status, refused.headers.get('Set-Cookie')]).toEqual([401, null]);
  expect((await post(dashboard, await shown(dashboard), { Authorization: 'Bearer wrong' })).status).toBe(401);
  expect(await locker.inspect('events')).toHaveLength(1);
});

test('the login gives a cookie that scripts cannot read, which opens the page and is not the token', async () => {
  const answer = await logIn(withUnlock(), token);
  const cookie = answer.headers.get('Set-Cookie') ?? '';
  expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/']);
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect(decodeURIComponent(cookie)).not.toContain(token);
  const session = { Cookie: cookie.split(';')[0] ?? '' };
  expect((await get(withUnlock(), '/api/view', session)).status).toBe(200);
  expect((await get(dashboardOf({ token: `${token}, changed` }), '/api/view', session)).status).toBe(401);
});

test('unlocks what was shown, once it is confirmed', async () => {
  const dashboard = withUnlock();
  const lock = await locker.lock('events');
  const request = await shown(dashboard);
  expect((await post(dashboard, { ...request, confirm: undefined })).status).toBe(400);
  expect((await post(dashboard, { ...request, confirm: 'visits' })).status).toBe(400);
  expect(await locker.inspect('events')).toHaveLength(1);
  expect((await post(dashboard, request)).status).toBe(200);
  expect(await locker.inspect('events')).toEqual([]);
  expect(await lock.unlock()).toBe(false);
});

test('never unlocks a newer holder, or one that joined since', async () => {
  const dashboard = withUnlock();
  const first = await locker.lock('events');
  const request = await shown(dashboard);
  await first.unlock();
  expect((await post(dashboard, request)).status).toBe(409);
  const second = await locker.lock({ appends: ['events'] });
  expect((await post(dashboard, request)).status).toBe(409);
  const appended = await shown(dashboard);
  const other = createLocker({ store });
  const third = await other.lock({ appends: ['events'] });
  expect((await post(dashboard, appended)).status).toBe(409);
  expect(await Promise.all([second.unlock(), third.unlock()])).toEqual([true, true]);
  await other.close();
});

test('a holder that comes between the look and the removal keeps its lock', async () => {
  const lock = await locker.lock('events');
  const unlock = storeUnlock({ store: { ...store, read: readThenReplace } });
  let newer: Awaited<ReturnType<typeof locker.lock>> | undefined;
  async function readThenReplace(key: string): ReturnType<LockStore['read']> {
    const entry = await store.read(key);
    if (newer === undefined) {
      await lock.unlock();
      newer = await locker.lock('events');
    }
    return entry;
  }
  expect(await unlock('events', [lock.token])).toBe(false);
  expect(await newer?.unlock()).toBe(true);
});

test('another site cannot unlock with the cookie of a browser', async () => {
  const dashboard = withUnlock();
  await locker.lock('events');
  const request = await shown(dashboard);
  const cookie = (await logIn(dashboard, token)).headers.get('Set-Cookie')?.split(';')[0] ?? '';
  const asBrowser = { Authorization: '', Cookie: cookie };
  expect((await post(dashboard, request, { ...asBrowser, 'Content-Type': 'text/plain' })).status).toBe(403);
  expect((await post(dashboard, request, { ...asBrowser, 'Sec-Fetch-Site': 'same-site' })).status).toBe(403);
  expect(await locker.inspect('events')).toHaveLength(1);
});

test('without a token nobody unlocks', async () => {
  await locker.lock('events');
  const dashboard = dashboardOf();
  expect(await look(dashboard)).toMatchObject({ canUnlock: false });
  expect((await post(dashboard, await shown(dashboard))).status).toBe(403);
  expect(() => dashboardOf({ unlock: storeUnlock({ store }) })).toThrow(/^unlock: /);
});

test.each([
  ['no body', ''],
  ['not JSON', '{'],
  ['no holders', '{"resource":"events","confirm":"events"}'],
  ['a holder that is no text', '{"resource":"events","holders":[{}],"confirm":"events"}'],
  ['null', 'null'],
  ['100 kB', JSON.stringify('x'.repeat(100_000))],
])('refuses a request to unlock with %s', async (_, body) => {
  const headers = { 'Content-Type': 'application/json', ...bearer };
  const { status } = await withUnlock()(new Request('http://localhost/api/unlock', { method: 'POST', body, headers }));
  expect(status).toBe(body.length > 65_536 ? 413 : 400);
});

test('every answer forbids scripts, styles and frames of others', async () => {
  const dashboard = withUnlock();
  for (const path of ['/', '/page.js', '/api/view', '/nowhere']) {
    const policy = (await get(dashboard, path)).headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain('unsafe');
  }
});

test('refuses bad options before it serves', async () => {
  expect(() => dashboardOf({ token: 'short' })).toThrow(/^token: .*16 characters/);
  expect(() => dashboardOf({ token: 'short' })).not.toThrow(/short/);
  const misspelt: object = { tokn: 'correct horse battery staple' };
  expect(() => dashboardOf(misspelt)).toThrow(
    /^tokn: .*no such option; did you mean "token"\? Allowed: locker, resources, listsAll, journal, token, unlock, basePath, starveAfterSkips, environment, store, forecast, refreshMs$/,
  );
  expect(() => dashboardOf(misspelt)).not.toThrow(/correct horse/);
  await expect(serveDashboard({ locker, prt: 0 } as object as ServeOptions)).rejects.toThrow(
    /^prt: .*did you mean "port"\? .*, host, port$/,
  );
  expect(() => dashboardOf({ basePath: '/a"b' })).toThrow(/^basePath: /);
  expect(() => dashboardOf({ resources: [''] })).toThrow(/^resources: /);
  expect(() => dashboardOf({ refreshMs: 1 })).toThrow(/^refreshMs: /);
  await expect(serveDashboard({ locker, port: 70_000 })).rejects.toThrow(/^port: /);
});

test('listens on loopback; another address needs a token', async () => {
  await expect(serveDashboard({ locker, host: '0.0.0.0', port: 0 })).rejects.toThrow(/^host: .*token/);
  await using server = await serveDashboard({ locker, port: 0 });
  expect(new URL(server.url).hostname).toBe('127.0.0.1');
  expect((await fetch(server.url)).status).toBe(200);
  await using open = await serveDashboard({ locker, host: '0.0.0.0', port: 0, token });
  expect((await fetch(open.url.replace('0.0.0.0', '127.0.0.1'))).status).toBe(401);
});

test('a site that names itself for loopback is turned away', async () => {
  await using server = await serveDashboard({ locker, port: 0 });
  const { request } = await import('node:http');
  const status = await new Promise((resolve) =>
    request(`${server.url}api/view`, { headers: { Host: 'evil.example' } }, (answer) => resolve(answer.resume().statusCode)).end(),
  );
  expect(status).toBe(421);
});

test('shows names of others short and printable; what unlocks a table is its name to the letter', async () => {
  const odd = `"${'Odd '.repeat(60)}"`;
  await heldByEvil(store, 'giveway:events');
  await heldByEvil(store, 'giveway:public', { job: '', host: '' });
  const seen = { kind: 'skip', job: evil, host: evil, pid: 1, at: new Date(), reason: 'busy', waitedMs: 0 } as const;
  const holders = [{ resource: evil, mode: 'write', job: evil, host: evil, pid: 7, since: new Date(), state: 'holding' }] as const;
  const entries = async () => [{ ...seen, resource: odd, holders }];
  const dashboard = dashboardOf({ resources: ['events', 'public'], journal: { entries } });
  const view = await look(dashboard);
  const past = await lookBack(dashboard);
  const shownTables = [...view.tables, ...past.lanes].map(({ resource: _, ...shown }) => shown);
  for (const text of textsIn([{ ...view, tables: [] }, { ...past, lanes: [] }, shownTables])) {
    expect(text).not.toMatch(unprintable);
    expect(text.length).toBeLessThanOrEqual(201);
  }
  expect(view.tables.map(({ resource }) => resource).sort()).toEqual([odd, 'events', 'public']);
  const [nameless] = view.tables.find(({ resource }) => resource === 'public')?.holders ?? [];
  expect([nameless?.job, nameless?.host]).toEqual([undefined, 'an unknown host']);
});

test('HEAD of the stream answers like GET and asks nothing; a closed server asks nothing either', async () => {
  let asked = 0;
  const counted = {
    inspect: (name: string) => {
      asked++;
      return locker.inspect(name);
    },
    defaultSchema: 'public',
  };
  const server = await serveDashboard({ locker: counted, resources: ['events'], port: 0, refreshMs: 100 });
  const head = await fetch(`${server.url}api/events`, { method: 'HEAD' });
  expect([head.status, head.headers.get('Content-Type')]).toEqual([200, 'text/event-stream']);
  await threeLooks();
  expect(asked).toBe(0);
  const { body } = await fetch(`${server.url}api/events`);
  await body?.getReader().read();
  await server.close();
  await threeLooks(); // one may have been under way
  const askedBefore = asked;
  expect(askedBefore).toBeGreaterThan(0);
  await threeLooks();
  expect(asked).toBe(askedBefore);
});

test('is mounted in hono, and in a server that leaves the path as it is', async () => {
  const dashboard = dashboardOf({ basePath: '/locks', token });
  const inHono = new Hono().mount('/locks', dashboard);
  expect((await inHono.request('/locks/api/view', { headers: bearer })).status).toBe(200);
  const node = createServer(nodeListener(dashboard));
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}/locks`;
  const body = new URLSearchParams({ token });
  const answer = await fetch(`${url}/login`, { method: 'POST', body, redirect: 'manual' });
  expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/locks/']);
  expect(answer.headers.get('Set-Cookie')).toContain('Path=/locks/');
  expect(await (await fetch(url, { headers: bearer })).text()).toContain('src="/locks/page.js"');
  node.closeAllConnections();
  await new Promise((resolve) => node.close(resolve));
});

test('mounts where a server takes the path off, as express does, and unlocks through it', async () => {
  const listener = nodeListener(dashboardOf({ token, unlock: storeUnlock({ store }), basePath: '/locks' }));
  const node = createServer((request, response) => {
    const mounted = /^\/locks(?=[/?]|$)/;
    if (!mounted.test(request.url ?? '')) return void response.writeHead(404).end();
    request.url = (request.url ?? '').replace(mounted, '').replace(/^(?!\/)/, '/');
    void listener(request, response);
  });
  await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`;
  await locker.lock('events');
  const view = (await (await fetch(`${url}/locks/api/view`, { headers: bearer })).json()) as View;
  const holders = view.tables.find(({ resource }) => resource === 'events')?.holders.map(({ id }) => id);
  expect(holders).toHaveLength(1);
  expect(await (await fetch(`${url}/locks`, { headers: bearer })).text()).toContain('src="/locks/page.js"');
  const events = await fetch(`${url}/locks/api/events`, { headers: bearer });
  const { value } = (await events.body?.getReader().read()) ?? {};
  expect(new TextDecoder().decode(value)).toMatch(/^data: \{"atMs":/);
  const body = JSON.stringify({ resource: 'events', holders, confirm: 'events' });
  const headers = { ...bearer, 'Content-Type': 'application/json' };
  const removed = await fetch(`${url}/locks/api/unlock`, { method: 'POST', body, headers });
  expect([removed.status, await removed.json()]).toEqual([200, { outcome: 'removed' }]);
  expect((await fetch(`${url}/other`)).status).toBe(404);
  node.closeAllConnections();
  await new Promise((resolve) => node.close(resolve));
});
