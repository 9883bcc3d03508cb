import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { freePort } from './free-port.ts';

const range = '/proc/sys/net/ipv4/ip_local_port_range';

test('each caller gets a port of its own, which no outgoing connection can take before its server listens', async () => {
  const ports = await Promise.all(Array.from({ length: 200 }, freePort));
  expect(new Set(ports).size).toBe(200);
  const lowestOutgoing = existsSync(range) ? Number.parseInt(readFileSync(range, 'utf8'), 10) : 32_768;
  expect(Math.max(...ports)).toBeLessThan(lowestOutgoing);
});
