import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import axe from 'axe-core';
import { Hono } from 'hono';
import { compress } from 'hono/compress';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { freePort } from '../support/free-port.ts';
import { describeWith } from '../support/shared.ts';
import { brokenLinks, reachable, readPages } from './pages.ts';

const root = join(__dirname, '../..');

/** What `npm run docs` built. */
const folder = join(root, 'site/dist');

describe('the site', () => {
  test('no link and no anchor leads nowhere', () => {
    const pages = readPages(folder);
    expect(pages.size).toBeGreaterThan(80);
    expect(brokenLinks(folder, pages)).toEqual([]);
  });

  test('every page of docs/, every example and every module is a page, and can be reached from the start page', () => {
    const pages = readPages(folder);
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
    const modules = Object.keys(exports).filter((name) => !name.endsWith('.json'));
    const filesIn = (name: string): string[] => readdirSync(join(root, name), { recursive: true, encoding: 'utf8' });
    const wanted = [
      ...filesIn('docs')
        .filter((name) => name.endsWith('.md'))
        .map((name) => name.replace(/\.md$/, '.html')),
      ...filesIn('examples')
        .filter((name) => /\.(ts|py)$/.test(name))
        .map((name) => `examples/${name}.html`),
      ...modules.map((name) => `api/${name.replace('.', 'giveway')}.html`),
    ];
    const reached = reachable(folder, pages, 'index.html');
    expect(wanted.length).toBeGreaterThan(70);
    expect(wanted.filter((name) => !reached.has(name))).toEqual([]);
  });

  describeWith('chromium', (program) => {
    let browser: Browser;
    let server: ReturnType<typeof serve>;
    let url: string;
    let context: BrowserContext;
    let page: Page;
    /** What was asked for elsewhere, and what the page complained of. */
    let faults: string[];
    /** How long each answer was on the wire. */
    let lengths: Promise<number>[];

    beforeAll(async () => {
      const port = await freePort();
      url = `http://127.0.0.1:${port}/`;
      const app = new Hono().use(compress()).use('/*', serveStatic({ root: folder }));
      server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
      browser = await chromium.launch({ executablePath: program.url, args: ['--no-sandbox', '--disable-gpu'] });
    }, 60_000);
    afterAll(async () => {
      await browser?.close();
      server?.close();
    });
    beforeEach(async () => {
      faults = [];
      lengths = [];
      context = await browser.newContext({ reducedMotion: 'reduce' });
      page = await context.newPage();
      page.on('request', (request) => request.url().startsWith(url) || request.url().startsWith('data:') || faults.push(request.url()));
      page.on('requestfinished', (request) => lengths.push(request.sizes().then(({ responseBodySize }) => responseBodySize)));
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      page.on('pageerror', (error) => faults.push(error.message));
    });
    afterEach(() => context.close());

    const open = async (name: string): Promise<void> => {
      await page.goto(`${url}${name}.html`, { waitUntil: 'networkidle' });
    };

    test('the start page takes 300 kB at most, from a server that packs, and asks nothing of others', async () => {
      await open('index');
      await page.getByRole('heading', { level: 1 }).waitFor();
      const bytes = (await Promise.all(lengths)).reduce((sum, length) => sum + length, 0);
      expect(bytes).toBeGreaterThan(50_000);
      expect(bytes).toBeLessThanOrEqual(300_000);
      expect(faults).toEqual([]);
    });

    test('the search finds a word, and leads to its place', async () => {
      await open('start');
      await page.keyboard.press('Control+k');
      await page.getByRole('searchbox').fill('slotHoldMs');
      const found = page.getByRole('option').first();
      await found.waitFor();
      await page.keyboard.press('Enter');
      await page.waitForURL(/(jobs|coming-from|cron|decisions\/once-per-fire|configuration|operations)\.html/);
      expect(faults).toEqual([]);
    });

    describe.each(['index', 'roles/analytics-engineer', 'architecture', 'comparison', 'api/giveway/memcached'])('%s', (name) => {
      test.each([
        ['light', 1280],
        ['dark', 1280],
        ['light', 360],
        ['dark', 360],
      ] as const)('%s, %d wide: nothing sticks out', async (colorScheme, width) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        await open(name);
        expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
        expect(await page.evaluate("document.documentElement.classList.contains('dark')")).toBe(colorScheme === 'dark');
        await page.screenshot({ path: join(root, '.giveway/site', `${name.replace('/', '-')}-${colorScheme}-${width}.png`) });
        expect(faults).toEqual([]);
      });

      test.each(['light', 'dark'] as const)('%s: axe finds nothing', async (colorScheme) => {
        await page.emulateMedia({ colorScheme });
        await open(name);
        await page.evaluate(axe.source);
        const { violations } = (await page.evaluate('axe.run()')) as axe.AxeResults;
        expect(
          violations.map(
            ({ id, nodes }) =>
              `${id}: ${nodes
                .slice(0, 3)
                .map(({ html }) => html.slice(0, 120))
                .join(' ')}`,
          ),
        ).toEqual([]);
      });
    });
  });
});
