import { expect, test } from '@jest/globals';
import { describeWith } from '../support/shared.ts';
import { type Answer, giveway } from './in-process.ts';
import { ask, besideOn, folder } from './stage.ts';

describeWith('memcached', (service) => {
  const beside = besideOn(service);
  const { hold, keyOf } = beside;

  test('shows the holder and asks; only yes removes', async () => {
    const lock = await hold('events', { job: 'load' });
    const questions: string[] = [];
    const answering = (reply: string, ...flags: string[]): Promise<Answer> =>
      giveway(['unlock', 'events', ...flags], {
        cwd: folder,
        reply: (question) => {
          questions.push(question);
          return reply;
        },
      });
    const shown = expect.stringMatching(/^events: load \(write\) on .*\n$/);
    expect(await answering('')).toEqual({ code: 75, out: 'Kept.\n', err: shown });
    expect(await answering('', '--json')).toMatchObject({ code: 75, err: shown });
    expect(await beside.store.read(keyOf('events'))).toBeDefined();
    expect(await answering('y')).toMatchObject({ code: 0, out: expect.stringContaining('Removed. events is free.') });
    expect(questions).toEqual(Array(3).fill('Remove the lock on events? [y/N] '));
    expect(await beside.store.read(keyOf('events'))).toBeUndefined();
    expect(await lock.unlock()).toBe(false);
  });

  test('never removes the lock of a newer holder', async () => {
    const first = await hold('events');
    const { code, out } = await giveway(['unlock', 'events'], {
      cwd: folder,
      reply: async () => {
        await first.unlock();
        await hold('events', { job: 'newer' });
        return 'yes';
      },
    });
    expect({ code, out }).toEqual({ code: 75, out: expect.stringContaining('somebody else holds it by now') });
    expect(await beside.locker.inspect('events')).toMatchObject([{ job: 'newer' }]);
  });

  test('a lock that was let go in the meantime needs no removal', async () => {
    const lock = await hold('events');
    const letGo = async (): Promise<string> => {
      await lock.unlock();
      return 'y';
    };
    const { code, out } = await giveway(['unlock', 'events'], { cwd: folder, reply: letGo });
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Nothing to remove: events is free by now.') });
  });

  test('a heartbeat between the question and the answer does not save the holder', async () => {
    const lock = await hold('events');
    const { code } = await giveway(['unlock', 'events'], {
      cwd: folder,
      reply: async () => {
        expect(await lock.extend()).toBe(true);
        return 'y';
      },
    });
    expect(code).toBe(0);
    expect(await beside.store.read(keyOf('events'))).toBeUndefined();
  });

  test('a record that cannot be read is removed as it was shown, or not at all', async () => {
    await beside.store.create(keyOf('events'), 'garbage', 60_000);
    const change = async (): Promise<string> => {
      const entry = await beside.store.read(keyOf('events'));
      if (entry !== undefined) await beside.store.replace(keyOf('events'), 'other garbage', entry.version, 60_000);
      return 'y';
    };
    expect((await giveway(['unlock', 'events'], { cwd: folder, reply: change })).code).toBe(75);
    expect((await ask('unlock', 'events', '--yes', '--if-older-than', '0s')).code).toBe(75);
    expect((await ask('unlock', 'events', '--yes')).code).toBe(0);
  });

  test('--if-older-than keeps what is younger, --yes asks nobody', async () => {
    await hold('events');
    const young = await ask('unlock', 'events', '--yes', '--if-older-than', '10m', '--json');
    expect({ ...young, out: JSON.parse(young.out) }).toMatchObject({ code: 75, out: { outcome: 'kept', resource: 'events' } });
    expect(await ask('unlock', 'events', '--yes', '--if-older-than', '0s')).toMatchObject({ code: 0 });
    expect(await ask('unlock', 'events', '--yes')).toMatchObject({ code: 0, out: 'events is free.\n' });
  });

  test('where nobody can be asked, it needs --yes', async () => {
    await hold('events');
    expect(await ask('unlock', 'events')).toMatchObject({ code: 64, err: expect.stringContaining('--yes') });
    const { code, out, err } = await ask('unlock', 'events', '--json');
    expect({ code, out, failure: JSON.parse(err) }).toMatchObject({ code: 64, out: '', failure: { giveway: 'failed' } });
    expect(await beside.store.read(keyOf('events'))).toBeDefined();
  });
});
