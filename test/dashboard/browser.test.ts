import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import axe from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type DashboardServer, type ServeOptions, serveDashboard, storeUnlock } from '../../src/dashboard/index.ts';
import { createLocker, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { createJournal, type JournalEntry } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith } from '../support/shared.ts';

const token = 'correct horse battery staple';
/** Half an hour ago nightly was skipped because of rollup; five minutes ago a nameless job was, and visits was held. */
function pastJournal(): { entries(): Promise<readonly JournalEntry[]> } {
  const startMs = Date.now();
  const at = (minutesAgo: number): Date => new Date(startMs - minutesAgo * 60_000);
  const who = { host: 'etl-1', pid: 1 };
  const held = { kind: 'hold', mode: 'write', ...who, outcome: 'released', reason: undefined, waitedMs: 0, isProtected: true } as const;
  const skipped = { kind: 'skip', ...who, reason: 'busy', waitedMs: 0, resource: 'events' } as const;
  const holders = [{ resource: 'events', mode: 'write', job: 'rollup', ...who, since: at(35), state: 'holding' }] as const;
  const entries: readonly JournalEntry[] = [
    { ...held, resource: 'visits', job: 'refresh', from: at(6), to: at(5) },
    { ...skipped, job: undefined, at: at(5), holders },
    { ...skipped, job: 'nightly', at: at(30), holders },
    { ...held, resource: 'events', job: 'rollup', from: at(35), to: at(25) },
  ];
  return { entries: async () => entries };
}

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

describeWith('chromium', (service) => {
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let store: LockStore;
  let locker: ResourceLocker;
  let server: DashboardServer;
  /** What the page complained of: its policy, its script. */
  let complaints: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: service.url, args: [...flags, '--disable-component-update', '--disable-sync'] });
  }, 60_000);
  afterAll(() => browser?.close());
  beforeEach(async () => {
    store = memoryStore();
    locker = createLocker({ store });
    complaints = [];
    context = await browser.newContext();
    page = await context.newPage();
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
  });
  afterEach(async () => {
    await context.close();
    await server.close();
    await locker.close();
  });

  async function open({ hasJournal = true, ...options }: Partial<ServeOptions> & { hasJournal?: boolean } = {}): Promise<void> {
    const journal = createJournal();
    journal.observe(locker);
    server = await serveDashboard({
      locker,
      ...(hasJournal && { journal }),
      resources: ['events', 'visits'],
      port: 0,
      refreshMs: 100,
      ...options,
    });
    await page.goto(server.url);
  }
  async function logIn(): Promise<void> {
    await open({ token, unlock: storeUnlock({ store }) });
    await page.getByLabel('Token').fill(token);
    await page.keyboard.press('Enter');
  }
  const events = () => page.locator('[data-table="events"]');

  test('a hold appears and disappears while one watches', async () => {
    await open();
    await page.getByText('2 free', { exact: true }).waitFor();
    const lock = await locker.lock('events', { job: 'rollup' });
    await page.locator('[data-table="events"][data-state="held"]').waitFor();
    expect(await events().textContent()).toContain(`held by rollup on `);
    expect(await page.title()).toBe('1 held, 1 free · giveway');
    await lock.unlock();
    await events().waitFor({ state: 'detached' });
    await page.locator('[data-lane="events"]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('a server of which nothing is heard is not shown as live, and is asked anew', async () => {
    await page.clock.install();
    await open();
    await page.getByText('live', { exact: true }).waitFor();
    let asked = 0;
    const isHung = (): void => void asked++;
    await page.route('**/api/events', isHung);
    for (; asked === 0; ) await page.clock.fastForward(41_000);
    await page.getByText('Not connected; what is shown may be old.').waitFor();
    expect(await page.title()).toMatch(/^not connected · 2 free/);
    await page.unroute('**/api/events', isHung);
    await page.clock.fastForward(41_000);
    await page.getByText('live', { exact: true }).waitFor();
    expect(await page.title()).toMatch(/^2 free/);
  });

  test('a table with limits shows how many hold it, and who waits in order', async () => {
    await open();
    const limited = createLocker({ store, job: 'load', resources: { events: { limits: { appends: 4 } } } });
    const [one, two] = await Promise.all([limited.lock({ appends: 'events' }), limited.lock({ appends: 'events' })]);
    const first = locker.lock('events', { job: 'first' });
    const line = events().getByRole('list', { name: 'In line' });
    await line.getByText('next in line: first on ').waitFor();
    const other = createLocker({ store });
    const second = other.lock('events', { job: 'second' });
    await line.getByText('place 2: second on ').waitFor();
    await events().getByText('held, 2 of 4', { exact: true }).waitFor();
    await page.getByText('1 held, 2 wait, 1 free', { exact: true }).waitFor();
    await Promise.all([one.unlock(), two.unlock()]);
    await (await first).unlock();
    await (await second).unlock();
    await Promise.all([limited.close(), other.close()]);
    expect(complaints).toEqual([]);
  });

  const unseen: readonly (readonly [said: RegExp, options: Parameters<typeof open>[0]])[] = [
    [/^No tables .* journal .* may be held and not be seen here\. Name the tables/, {}],
    [/^No tables are named, .*Memcached.* may be held .* keep a journal\.$/, { hasJournal: false }],
    [/^No tables: nothing is locked, none are named, and none was used in the last hour\.$/, { listsAll: true }],
  ];
  test.each(unseen)('without tables it says whether one may be held all the same: %s', async (said, options) => {
    await open({ resources: [], ...options });
    await page.getByText(said).waitFor();
    expect(complaints).toEqual([]);
  });

  test('a skip shows who held the table', async () => {
    await open();
    await using lock = await locker.lock('events', { job: 'rollup' });
    await locker.run('events', () => {}, { job: 'nightly' });
    const row = page.locator('[data-job="nightly"]');
    await row.waitFor();
    expect(await row.textContent()).toMatch(/events: busy, held by rollup on .* \(pid \d+, write\)/);
    const cell = page.locator('[data-blocked="nightly"] td');
    expect(await cell.textContent()).toBe('1 skip');
    await lock.unlock();
  });

  test('pointing at a lane tells who did what, by pointer and by keys', async () => {
    await open({ journal: pastJournal() });
    const lane = page.locator('[data-lane="events"] svg');
    await lane.waitFor();
    const { x, y, width } = (await lane.boundingBox()) as { x: number; y: number; width: number };
    await page.mouse.move(x + width / 2 + 2, y + 10);
    await page
      .locator('#tip')
      .getByText(/: rollup held it \(10 min\)$/)
      .waitFor();
    await page
      .locator('#tip')
      .getByText(/: nightly was skipped; rollup held it$/)
      .waitFor();
    await page.mouse.move(0, 0);
    await lane.focus();
    await page.keyboard.press('ArrowRight');
    await page
      .locator('#said')
      .getByText(/: rollup held it \(10 min\)$/)
      .waitFor();
    await page.keyboard.press('ArrowRight');
    await page
      .locator('#said')
      .getByText(/: nightly was skipped; rollup held it$/)
      .waitFor();
    await page.keyboard.press('ArrowDown');
    expect(await page.locator('[data-lane="visits"] svg').evaluate((element) => element.matches(':focus'))).toBe(true);
    expect(complaints).toEqual([]);
  });

  test('what has the focus is never behind the bar over the top of the page', async () => {
    const at = new Date(Date.now() - 600_000);
    const skipped = { kind: 'skip', host: 'etl-1', pid: 1, reason: 'busy', waitedMs: 0, resource: 'events', at, holders: [] } as const;
    const entries = Array.from({ length: 40 }, (_, index): JournalEntry => ({ ...skipped, job: `job ${index}` }));
    await page.setViewportSize({ width: 360, height: 640 });
    await open({ journal: { entries: async () => entries } });
    const links = page.locator('[data-job] a');
    await links.last().focus();
    for (let left = 39; left > 0; left--) {
      await page.keyboard.press('Shift+Tab');
      const tops = await page.evaluate(
        `[document.activeElement.getBoundingClientRect().top, document.getElementById('range').getBoundingClientRect().bottom]`,
      );
      const [top = 0, barBottom = 0] = tops as readonly number[];
      expect(top).toBeGreaterThanOrEqual(barBottom);
    }
    expect(complaints).toEqual([]);
  });

  test('what the matrix and the page of a job leave out is told', async () => {
    const startMs = Date.now() - 600_000;
    const etl = { host: 'etl-1', pid: 1 };
    const skip = (job: string, by: string, second: number): JournalEntry => {
      const since = new Date(startMs - 60_000);
      const holders = [{ resource: 'events', mode: 'write', job: by, ...etl, since, state: 'holding' }] as const;
      return {
        kind: 'skip',
        ...etl,
        job,
        reason: 'busy',
        waitedMs: 0,
        resource: 'events',
        at: new Date(startMs + 1_000 * second),
        holders,
      };
    };
    const often = Array.from({ length: 24 }, (_, index) => skip(`job ${index % 12}`, `load ${index % 12}`, index));
    const seldom = Array.from({ length: 160 }, (_, index) => skip('often blocked', `seldom ${index}`, 100 + index));
    await open({ journal: { entries: async () => [...often, ...seldom].reverse() } });
    await page.locator('[data-blocked="often blocked"]').waitFor();
    const shownTimes = await page
      .locator('.matrix td')
      .evaluateAll((cells) => cells.reduce((sum, cell) => sum + Number.parseInt(cell.textContent || '0', 10), 0));
    await page.getByText(`and ${184 - shownTimes} skips and waits of jobs that are not shown here`, { exact: true }).waitFor();
    await page.goto(`${server.url}#job=often+blocked`);
    await page.getByText('and 140 skips and waits of jobs that are not shown here', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('dragging chooses a time, and the buttons move it; the address keeps it', async () => {
    await open({ journal: pastJournal() });
    const lane = page.locator('[data-lane="visits"] svg');
    await lane.waitFor();
    const { x, y, width } = (await lane.boundingBox()) as { x: number; y: number; width: number };
    await page.mouse.move(x + width * 0.4, y + 10);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.75, y + 12, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/#from=\d+&to=\d+$/);
    const given = new URLSearchParams(new URL(page.url()).hash.slice(1));
    const minutes = (Number(given.get('to')) - Number(given.get('from'))) / 60_000;
    expect(minutes).toBeGreaterThan(19);
    expect(minutes).toBeLessThan(23);
    await page.locator('[data-lane="visits"]').waitFor({ state: 'detached' });
    const nameless = page.locator('[data-blocked="a job without a name"]');
    await nameless.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Zoom out' }).press('Enter');
    await page.locator('[data-lane="visits"]').waitFor();
    await page.getByRole('button', { name: '24 h' }).press('Enter');
    await page.waitForURL(/#last=24h$/);
    await nameless.waitFor();
    // What somebody mistyped is an hour, and asks the server nothing that it would refuse.
    for (const odd of ['last=toString', 'from=1.5&to=20001.5', 'last=24h&from=-20000&to=0']) {
      await page.goto(`${server.url}#${odd}`);
      await page.locator(`[data-last="${odd.startsWith('last=24h') ? '24h' : '1h'}"][aria-pressed="true"]`).waitFor();
    }
    expect(complaints).toEqual([]);
  });

  /** Three loads that appended at one time, and one after them. */
  function sharedPast(): { entries(): Promise<readonly JournalEntry[]> } {
    const startMs = Date.now();
    const at = (minutesAgo: number): Date => new Date(startMs - minutesAgo * 60_000);
    const held = {
      kind: 'hold',
      mode: 'append',
      host: 'etl-1',
      outcome: 'released',
      reason: undefined,
      waitedMs: 0,
      isProtected: true,
    } as const;
    const load = (job: string, from: number, to: number) => ({ ...held, pid: 1, resource: 'events', job, from: at(from), to: at(to) });
    return { entries: async () => [load('load-4', 10, 5), load('load-3', 35, 25), load('load-2', 36, 26), load('load-1', 40, 20)] };
  }
  /** Of the path of each job in the lane: its colour, and for each hold where it begins from above, and how high it is. */
  const drawn = () =>
    page.locator('[data-lane="events"] svg path').evaluateAll((paths) =>
      paths.map((path) => ({
        colour: path.getAttribute('class'),
        holds: [...(path.getAttribute('d') ?? '').matchAll(/M[\d.]+ ([\d.]+)h[\d.]+v([\d.]+)/g)].map(([, y, height]) => [
          Number(y),
          Number(height),
        ]),
      })),
    );

  test('who held at one time stands one below the other', async () => {
    await open({ journal: sharedPast() });
    await page.locator('[data-lane="events"] svg path').first().waitFor();
    const shown = await drawn();
    expect(new Set(shown.map(({ colour }) => colour)).size).toBe(4);
    const holds = shown.flatMap((each) => each.holds).sort(([, a = 0], [, b = 0]) => b - a);
    const [tallest, ...shared] = holds;
    expect(tallest).toEqual([5, 13]);
    expect(new Set(shared.map(([y]) => y)).size).toBe(3);
    for (const [, height = 0] of shared) expect(height).toBeLessThan(13 / 3);
    expect(complaints).toEqual([]);
  });

  test('a job has the same colour on every page', async () => {
    await open({ journal: sharedPast() });
    await page.locator('[data-lane="events"] svg path').first().waitFor();
    const coloursOf = () =>
      page
        .locator('.legend > span')
        .evaluateAll((all) => all.map((each) => `${each.textContent} ${each.querySelector('rect')?.getAttribute('class')}`));
    const before = await coloursOf();
    expect(before).toHaveLength(4);
    await page.locator('[data-job="load-3"] a').first().click();
    await page.reload();
    await page.locator('#job [data-lane="events"] svg path').first().waitFor();
    await page.getByRole('link', { name: 'All tables' }).click();
    await page.locator('.legend > span').first().waitFor();
    expect((await coloursOf()).sort()).toEqual(before.sort());
  });

  test('zooming in keeps now in sight where the time goes on until now', async () => {
    await open({ journal: pastJournal() });
    await page.locator('[data-lane="visits"] svg').waitFor();
    for (const lengthMs of [30, 15].map((minutes) => minutes * 60_000)) {
      const before = page.url();
      await page.getByRole('button', { name: 'Zoom in' }).press('Enter');
      await page.waitForURL((url) => url.href !== before);
      const given = new URLSearchParams(new URL(page.url()).hash.slice(1));
      expect(Number(given.get('to')) - Number(given.get('from'))).toBe(lengthMs);
      expect(Math.abs(Number(given.get('to')) - Date.now())).toBeLessThan(60_000);
    }
    await page.locator('[data-lane="visits"]').waitFor();
    expect(complaints).toEqual([]);
  });

  test('the page of a job says what it holds and waits for now', async () => {
    await open({ journal: pastJournal() });
    const holding = await locker.lock('events', { job: 'holder' });
    const other = createLocker({ store });
    const waiting = other.lock('events', { job: 'waiter' });
    await page.goto(`${server.url}#job=waiter`);
    const now = page.getByRole('list', { name: 'Now' });
    await now.getByText(/^waits for events, place 1 in line, for .*; held by holder on /).waitFor();
    await holding.unlock();
    await now.getByText(/^holds events, for /).waitFor();
    await (await waiting).unlock();
    await now.waitFor({ state: 'detached' });
    await other.close();
    expect(complaints).toEqual([]);
  });

  test('a job has a page of its own, and the way back', async () => {
    await open({ journal: pastJournal() });
    await page.locator('[data-job="nightly"] a').first().click();
    await page.getByRole('heading', { name: 'nightly' }).waitFor();
    const row = page.locator('#job tbody tr').first();
    await row.waitFor();
    expect(await row.textContent()).toMatch(/events.*rollup on etl-1 \(pid 1, write\) since .*not at all$/);
    expect(await page.locator('#job').textContent()).toContain('rollup: 1 skip');
    await page.goBack();
    await page.getByRole('heading', { name: 'Timeline' }).waitFor();
    expect(complaints).toEqual([]);
  });

  test('unused tables are one line to unfold, and stay unfolded', async () => {
    await open({ journal: pastJournal(), resources: ['events', 'visits', 'regions', 'teams'] });
    const line = page.getByText('2 tables not used in this time', { exact: true });
    await line.focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-unused="teams"]').waitFor();
    await locker.run('events', () => {});
    await page.waitForResponse(/api\/past/);
    await page.waitForResponse(/api\/past/);
    expect(await page.locator('[data-unused="teams"]').isVisible()).toBe(true);
  });

  test('what is expected is drawn after now', async () => {
    const from = new Date(Date.now() + 120_000);
    const forecast = async () => [{ table: 'events', job: 'rollup', from, to: new Date(from.getTime() + 60_000) }];
    await open({ journal: pastJournal(), forecast, environment: 'staging', store: 'Memcached' });
    await page.locator('[data-lane="events"] path.ahead').waitFor();
    expect(await page.title()).toBe('2 free · staging on Memcached · giveway');
  });

  const schemes = [
    ['light', 1280, ''],
    ['dark', 1280, ''],
    ['dark', 360, ''],
    ['light', 1280, '#job=nightly'],
    ['dark', 360, '#job=nightly'],
  ] as const;
  test.each(schemes)('axe-core finds nothing: %s, %i points wide, %s', async (colorScheme, width, hash) => {
    await page.setViewportSize({ width, height: 740 });
    await page.emulateMedia({ colorScheme });
    await open({ journal: pastJournal(), starveAfterSkips: 1, resources: ['events', 'visits', 'teams'] });
    await using lock = await locker.lock('events', { job: 'rollup' });
    const other = createLocker({ store });
    const end = new AbortController();
    other.lock('events', { job: 'waiting', signal: end.signal }).catch(() => {});
    await page.goto(`${server.url}${hash}`);
    await events().getByText('next in line: ').waitFor();
    await page
      .locator(hash === '' ? '#timeline [data-lane]' : '#job [data-lane]')
      .first()
      .waitFor();
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    expect(violations.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)])).toEqual([]);
    end.abort();
    await lock.unlock();
    await other.close();
  });

  test('all that the page loads is light', async () => {
    await open();
    const sizes = await Promise.all(
      ['', 'page.js', 'page.css', 'icon.svg'].map(async (path) => (await (await fetch(server.url + path)).text()).length),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(60_000);
  });

  test('hostile names do no harm', async () => {
    await open();
    const hostile = [
      "<img src=x onerror=document.title='owned'>",
      `${'long '.repeat(2_000)}`,
      '\u202egnp.exe\u2066 שלום',
      '__proto__',
      '"]',
    ];
    await using lock = await locker.lock("<img src=x onerror=document.title='owned'>", { job: hostile[0] as string });
    for (const job of hostile) await locker.run("<img src=x onerror=document.title='owned'>", () => {}, { job });
    await page.locator('[data-job="__proto__"]').waitFor();
    expect(await page.locator('#jobs tbody tr').count()).toBe(hostile.length);
    await page.locator('[data-job="__proto__"] a').first().click();
    await page.getByRole('heading', { name: '__proto__' }).waitFor();
    await page.locator('#job tbody tr').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('1 held, 2 free · giveway');
    expect(await page.locator('h3', { hasText: 'onerror' }).textContent()).toBe("<img src=x onerror=document.title='owned'>");
    expect((await page.locator('[data-job^="long"]').textContent())?.length).toBeLessThan(600);
    expect(complaints).toEqual([]);
    await lock.unlock();
  });

  test('the policy stops what a hole in the page would let in', async () => {
    await open();
    // As texts: the tests are compiled without the DOM's types.
    await page
      .evaluate(`document.body.append(Object.assign(document.createElement('script'), { src: 'data:,document.title="owned"' }))`)
      .catch(() => {});
    const sink = page.evaluate(`document.body.innerHTML = '<img src=x onerror=document.title="owned">'`);
    await expect(sink).rejects.toThrow(/TrustedHTML/);
    expect(await page.title()).toMatch(/giveway$/);
    expect(await page.title()).not.toMatch(/owned/);
  });

  test('a wrong token is refused, the right one opens the page', async () => {
    await logIn();
    await page.getByText('2 free', { exact: true }).waitFor();
    await context.clearCookies();
    await page.goto(server.url);
    await page.getByLabel('Token').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toBe('That is not the token.');
    expect(await events().count()).toBe(0);
  });

  test('unlocks by keyboard alone, after a confirmation', async () => {
    await logIn();
    const lock = await locker.lock('events', { job: 'dead' });
    const button = page.getByRole('button', { name: 'Unlock events' });
    await button.focus();
    // Several looks later it still has the focus.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await button.evaluate((element) => element.matches(':focus'))).toBe(true);
    await page.keyboard.press('Enter');
    expect(await page.getByRole('dialog').textContent()).toContain('held by dead on ');
    await page.keyboard.press('Escape');
    expect(await locker.inspect('events')).toHaveLength(1);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await events().waitFor({ state: 'detached' });
    expect(await lock.unlock()).toBe(false);
  });

  test('fits a phone, in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await open();
    await using lock = await locker.lock('events', { job: 'a_very_long_name_without_any_place_to_break_it_'.repeat(3) });
    await locker.run('events', () => {}, { job: 'another_very_long_name_without_any_place_to_break_it_'.repeat(3) });
    await page.locator('#jobs tbody tr').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(16, 20, 24)');
    await lock.unlock();
  });
});
