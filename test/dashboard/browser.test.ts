import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type DashboardServer, type ServeOptions, serveDashboard, storeUnlock } from '../../src/dashboard/index.ts';
import { createLocker, type LockStore, type ResourceLocker } from '../../src/index.ts';
import { createJournal } from '../../src/observe/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';
import { describeWith } from '../support/shared.ts';

const token = 'correct horse battery staple';
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
    await page.locator('[data-table="events"][data-state="free"]').waitFor();
    const lock = await locker.lock('events', { job: 'rollup' });
    await page.locator('[data-table="events"][data-state="held"]').waitFor();
    expect(await events().textContent()).toContain(`held by rollup on `);
    await lock.unlock();
    await page.locator('[data-table="events"][data-state="free"]').waitFor();
    expect(complaints).toEqual([]);
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
    await lock.unlock();
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
    expect(await page.locator('tbody tr').count()).toBe(hostile.length);
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.title()).toBe('giveway: locks');
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
    expect(await page.title()).toBe('giveway: locks');
  });

  test('a wrong token is refused, the right one opens the page', async () => {
    await logIn();
    await events().waitFor();
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
    await page.locator('[data-table="events"][data-state="free"]').waitFor();
    expect(await lock.unlock()).toBe(false);
  });

  test('fits a phone, in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await open();
    await using lock = await locker.lock('events', { job: 'a_very_long_name_without_any_place_to_break_it_'.repeat(3) });
    await locker.run('events', () => {}, { job: 'another_very_long_name_without_any_place_to_break_it_'.repeat(3) });
    await page.locator('tbody tr').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(16, 20, 24)');
    await lock.unlock();
  });
});
