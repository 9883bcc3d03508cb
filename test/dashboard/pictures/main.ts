/** `npm run docs:pictures`: plays a fleet and takes the pictures of docs/images from the page, in a Chromium (`CHROMIUM_PATH`, else from the PATH). */
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serveDashboard } from '../../../src/dashboard/index.ts';
import { findProgram } from '../../support/programs.ts';
import { playFleet } from './fleet.ts';

const images = fileURLToPath(new URL('../../../docs/images/', import.meta.url));
const program = process.env['CHROMIUM_PATH'] ?? findProgram('chromium');
if (program === undefined) throw new Error('There is no chromium on the PATH: install it, or name one in CHROMIUM_PATH');

interface Picture {
  readonly file: string;
  readonly hash: string;
  readonly width: number;
  readonly height: number;
  readonly isDark?: boolean;
  readonly isOfAll?: boolean;
  act?(page: Page): Promise<void>;
}

const pictures: readonly Picture[] = [
  { file: 'dashboard.png', hash: '#last=24h', width: 1280, height: 900, isOfAll: true },
  { file: 'dashboard-job.png', hash: `#${new URLSearchParams({ last: '24h', job: 'dedupe events' })}`, width: 1280, height: 820 },
  { file: 'dashboard-phone.png', hash: '#last=1h', width: 390, height: 1_500, isDark: true },
];

const fleet = await playFleet(30);
const forecast = async (from: Date, to: Date) => {
  const due = (job: string, table: string, everyMs: number, lengthMs: number) =>
    Array.from({ length: 40 }, (_, index) => (Math.ceil(from.getTime() / everyMs) + index) * everyMs)
      .filter((atMs) => atMs < to.getTime())
      .map((atMs) => ({ table, job, from: new Date(atMs), to: new Date(atMs + lengthMs) }));
  return [
    ...due('hourly rollup', 'visits', 3_600_000, 550_000),
    ...due('campaign sync', 'campaigns', 1_800_000, 180_000),
    ...due('sessions', 'sessions', 1_200_000, 190_000),
  ];
};
await using server = await serveDashboard({
  locker: fleet.locker,
  journal: fleet.journal,
  resources: fleet.tables,
  forecast,
  environment: 'production',
  store: 'Memcached',
  port: 0,
});
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--force-color-profile=srgb'] });
for (const picture of pictures) await take(browser, picture);
await browser.close();
await fleet.close();

async function take(from: Browser, { file, hash, width, height, isDark = false, isOfAll = false, act }: Picture): Promise<void> {
  const context = await from.newContext({ viewport: { width, height }, colorScheme: isDark ? 'dark' : 'light', locale: 'en-GB' });
  const page = await context.newPage();
  await page.goto(server.url + hash);
  await page.locator('[data-lane] path').first().waitFor();
  await page.getByText('reading the journal').waitFor({ state: 'detached' });
  await act?.(page);
  await page.screenshot({ path: images + file, fullPage: isOfAll });
  await context.close();
  console.log(`docs/images/${file}`);
}
