import { describe, expect, jest, test } from '@jest/globals';
import { GivewayError, InvalidOptionError, ResourceBusyError, StoreUnavailableError } from '../../src/lock/errors.ts';

describe('errors', () => {
  test('carry a name, a stable code and their cause', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new StoreUnavailableError('memcached at 127.0.0.1:1 did not answer', { cause });
    expect(error).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_UNAVAILABLE', cause });
  });

  test('instanceof holds between two copies of the module, and follows the classes', async () => {
    jest.resetModules();
    const copy = (await import('../../src/lock/errors.ts')) as typeof import('../../src/lock/errors.ts');
    const error = new copy.StoreUnavailableError('down');
    expect(copy.StoreUnavailableError).not.toBe(StoreUnavailableError);
    expect(error).toBeInstanceOf(StoreUnavailableError);
    expect(error).toBeInstanceOf(GivewayError);
    expect(error).not.toBeInstanceOf(ResourceBusyError);
    expect(new GivewayError('ERR_GIVEWAY_X', 'x')).not.toBeInstanceOf(StoreUnavailableError);
    for (const other of [null, undefined, 7, {}, new Error('x')]) expect(other instanceof GivewayError).toBe(false);
  });

  test('a busy error says who holds it, since when and until when', () => {
    const since = new Date(0);
    const error = new ResourceBusyError(
      'events',
      [
        {
          resource: 'events',
          mode: 'write',
          token: 't',
          job: 'rollup',
          host: 'etl-1',
          pid: 7,
          since,
          latestEnd: new Date(1000),
          state: 'holding',
        },
      ],
      20,
    );
    expect(error.message).toBe(
      '"events" is busy after waiting 20 ms: held by rollup on etl-1 (pid 7, write, since 1970-01-01T00:00:00.000Z, until 1970-01-01T00:00:01.000Z at the latest)',
    );
  });

  test('a refused option names the field, the value received and what is allowed', () => {
    expect(new InvalidOptionError('ttlMs', 999, 'an integer from 1000 to 86400000 is allowed').message).toBe(
      'ttlMs: received 999; an integer from 1000 to 86400000 is allowed',
    );
  });
});
