import { describe, expect, test } from '@jest/globals';
import { InvalidOptionError, ResourceBusyError, StoreUnavailableError } from '../../src/lock/errors.ts';

describe('errors', () => {
  test('carry a name, a stable code and their cause', () => {
    const cause = new Error('ECONNREFUSED');
    const error = new StoreUnavailableError('memcached at 127.0.0.1:1 did not answer', { cause });
    expect(error).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_UNAVAILABLE', cause });
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
