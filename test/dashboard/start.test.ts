import { expect, test } from '@jest/globals';
import { runCli } from '../../src/cli/program.ts';
import { type Answer, giveway } from '../cli/in-process.ts';
import { freePort } from '../support/free-port.ts';
import { describeWith } from '../support/shared.ts';

const start = (store: string, ...args: readonly string[]): Promise<Answer> =>
  giveway(['dashboard', '--port', '0', '--store', store, ...args], { cwd: '/' });

describeWith('postgres', (service) => {
  test('giveway dashboard ends as giveway run does where the store is set up wrongly', async () => {
    const table = `${service.url}&table=not_made`;
    expect(await start(table)).toMatchObject({
      code: 69,
      out: '',
      err: expect.stringMatching(/has no table not_made.*init --create-tables/),
    });
    const stranger = new URL(service.url);
    stranger.username = 'nobody_of_that_name';
    expect(await start(stranger.href)).toMatchObject({ code: 69, out: '', err: expect.stringContaining('nobody_of_that_name') });
  });
});

test.each(['redis', 'memcached', 'postgres'])('a %s that does not answer is told of at the start and on the page', async (scheme) => {
  const host = `127.0.0.1:${await freePort()}`;
  let errors = '';
  let code: Promise<number> | undefined;
  const url = await new Promise<string>((resolve) => {
    code = runCli(
      ['dashboard', '--port', '0', '--json', '--store', `${scheme}://${host}`],
      {
        env: {},
        cwd: '/',
        isWatched: false,
        canAsk: false,
        write: (text) => resolve((JSON.parse(text) as { url: string }).url),
        writeError: (text) => {
          errors += text;
        },
        ask: async () => '',
        style: (_, text) => text,
      },
      () => '',
    );
  });
  const [said] = errors.split('\n').map((line) => (line === '' ? undefined : JSON.parse(line)));
  expect(said).toMatchObject({
    giveway: 'store-down',
    store: `${scheme}://${host}`,
    code: expect.stringMatching(/^ERR_GIVEWAY_STORE_(?:UNAVAILABLE|TIMEOUT)$/),
  });
  expect(said.message).toMatch(/^the store does not answer, and the dashboard keeps trying: /);
  expect(said.message).toContain(host);
  const { problems } = (await (await fetch(`${url}api/view`)).json()) as { problems: readonly string[] };
  expect(problems).toContain('The store does not answer: who holds what is not known.');
  process.emit('SIGTERM');
  expect(await code).toBe(0);
});
