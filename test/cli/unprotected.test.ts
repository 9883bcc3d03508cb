import { beforeAll, expect, test } from '@jest/globals';
import { freePort } from '../support/free-port.ts';
import { ask, configure } from './stage.ts';

let dead: string;
beforeAll(async () => {
  dead = `127.0.0.1:${await freePort()}`;
});

test('what runs without a lock says which store did not answer, and why', async () => {
  const run = ['--store', `memcached://${dead}`, '--on-store-down', 'run', '--write', 'events', '--', 'true'];
  const { code, err } = await ask('run', ...run);
  expect(code).toBe(0);
  expect(err).toMatch(new RegExp(`^giveway: running without a lock: [^\n]*${dead}[^\n]*could not connect[^\n]*\n$`));
  const said = JSON.parse((await ask('run', '--json', ...run)).err);
  expect(said).toMatchObject({
    giveway: 'unprotected',
    message: err.slice('giveway: '.length, -1),
    code: 'ERR_GIVEWAY_STORE_UNAVAILABLE',
    store: `memcached://${dead}`,
  });
});

test('so does what a config has not run at all', async () => {
  configure({ store: `memcached://${dead}`, onStoreDown: 'skip' });
  const { code, err } = await ask('run', '--write', 'events', '--', 'true');
  expect(code).toBe(69);
  expect(err).toMatch(new RegExp(`^giveway: the command did not run: [^\n]*${dead}[^\n]*could not connect[^\n]*\n$`));
});
