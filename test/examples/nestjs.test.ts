import { expect, test } from '@jest/globals';
import { startExample } from './run-example.ts';

test('nestjs', async () => {
  const { ended, lines } = startExample('nestjs/app.ts', { TSX_TSCONFIG_PATH: 'examples/nestjs/tsconfig.json', GIVEWAY_STORE: 'memory:' });
  expect(await ended).toBe(0);
  const refreshed = lines.filter((line) => line === 'refresh-visits has refreshed visits');
  expect(refreshed.length).toBeGreaterThanOrEqual(2);
  expect(lines.filter((line) => line !== refreshed[0])).toEqual(['recounted acme as VisitsService.recount', 'closed']);
});
