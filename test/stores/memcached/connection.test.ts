import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { binary } from '../../../src/stores/memcached/binary.ts';
import { type Asker, Connection } from '../../../src/stores/memcached/connection.ts';
import { type Fault, noAnswer } from '../../../src/stores/memcached/fault.ts';

test('whoever asks is told, also where the socket fails while it takes the request', () => {
  const connection = new Connection('c', binary, { destroy: () => {}, silence: (timeoutMs) => noAnswer(timeoutMs) });
  const lost = noAnswer(1_000);
  connection.open({ destroyed: false, write: () => connection.fail(lost) } as unknown as Socket);
  const told: Fault[] = [];
  const asker: Asker = {
    request: { command: 'get', key: 'k', value: '', exptime: 0, cas: 0n },
    dueMs: Number.POSITIVE_INFINITY,
    behind: undefined,
    timeoutMs: 1_000,
    untilMs: 0,
    graceMs: 0,
    opened: () => {},
    answered: () => {},
    failed: (fault) => told.push(fault),
  };
  connection.send(asker);
  expect(told).toEqual([lost]);
});
