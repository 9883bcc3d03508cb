import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { codeBlocks } from '../docs/code-blocks.ts';
import { memcachedServer, type ProcessServer } from '../support/services.ts';
import { describeWith } from '../support/shared.ts';
import { type Newcomer, newcomer } from './newcomer.ts';
import { type Ended, run } from './running.ts';

const hosts = ['etl-1', 'etl-2'] as const;

/** The page's crontab: its variables, and the commands behind the five fields of its lines. */
const lines = (codeBlocks('docs/roles/crontab.md').find(({ language }) => language === 'crontab')?.code ?? '').trim().split('\n');
const variables = Object.fromEntries(lines.flatMap((line) => [...line.matchAll(/^(\w+)=(.*)$/g)].map(([, name, value]) => [name, value])));
const commands = lines.flatMap((line) => /^(?:[\d*/,-]+ ){5}(.*)$/.exec(line)?.[1] ?? []);

describeWith('memcached', () => {
  let memcached: ProcessServer;
  let people: readonly Newcomer[];
  let store: string;
  beforeAll(async () => {
    memcached = await memcachedServer();
    store = `memcached://${memcached.url}`;
    people = hosts.map((host) => newcomer('crontab', { GIVEWAY_STORE: store, GIVEWAY_HOST: host }));
  });
  afterAll(async () => {
    await Promise.all(people.map((one) => one.leaves()));
    await memcached.stop();
  });

  /** As cron does: in the home directory, with nothing but what the crontab sets. */
  const fires = (home: Newcomer): Promise<Ended> => {
    const env = { ...variables, GIVEWAY_STORE: store, HOME: home.folder, GIVEWAY_HOST: hosts[people.indexOf(home)] ?? '' };
    return run(commands[0] ?? 'false', home.folder, env).ended;
  };
  const logged = (): readonly string[] =>
    people.flatMap(({ folder }) => {
      try {
        return readFileSync(join(folder, 'fires.log'), 'utf8').trim().split('\n');
      } catch {
        return [];
      }
    });

  test('of two hosts whose crontabs fire at once one runs the job, also when a clock is late; the other says no word', async () => {
    expect(Object.keys(variables)).toEqual(['GIVEWAY_STORE']);
    expect(commands).toHaveLength(1);
    const installed = await Promise.all(people.map((one) => one.types('npm install giveway')));
    expect(installed.map(({ code }) => code)).toEqual([0, 0]);
    for (const one of people) one.writes('rollup.sh');
    const quiet = { code: 0, stdout: '', stderr: '' };
    expect(await Promise.all(people.map(fires))).toEqual([quiet, quiet]);
    expect(logged()).toHaveLength(1);
    expect(await Promise.all(people.map(fires))).toEqual([quiet, quiet]);
    expect(logged()).toHaveLength(1);
  });

  test('who types it is told who has it', async () => {
    const [, other] = people;
    expect(await other?.types('npx giveway run --once-per 5m --name rollup -- sh rollup.sh')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^giveway: another took this fire: rollup on etl-[12], pid \d+, at \d{4}-/),
    });
    expect(logged()).toHaveLength(1);
  });

  test('without its store no host runs it, and cron has something to mail', async () => {
    await memcached.stop();
    for (const one of people) {
      const { code, stdout, stderr } = await fires(one);
      expect([code, stdout]).toEqual([69, '']);
      expect(stderr).toMatch(/^giveway: [^\n]*127\.0\.0\.1:\d+[^\n]*\n$/);
    }
    expect(logged()).toHaveLength(1);
  });
});
