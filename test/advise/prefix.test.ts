import { expect, test } from '@jest/globals';
import { detectPrefix, readPrefix } from '../../src/advise/log/prefix.ts';

test.each([
  ['2026-11-28 03:00:00.123 UTC [42] LOG:  statement: begin', '%m [%p] '],
  ['2026-11-28 03:00:00.123 CET [42] etl@shop LOG:  statement: begin', '%m [%p] %q%u@%d '],
  ['2026-11-28 03:00:00.123 +03 [42] 3/15 00000 etl@shop nightly load LOG:  statement: begin', '%m [%p] %v %e %q%u@%d %a '],
  ['2026-11-28 03:00:00 UTC:10.0.0.1(40000):etl@shop:[42]:LOG:  statement: begin', '%t:%r:%u@%d:[%p]:'],
  [
    '2026-11-28 03:00:00 UTC [42]: user=etl,db=shop,app=nightly,client=10.0.0.1 LOG:  statement: begin',
    '%t [%p]: user=%u,db=%d,app=%a,client=%h ',
  ],
  [
    '2026-11-28 03:00:00 UTC [42]: [7-1] user=etl,db=shop,app=nightly,client=10.0.0.1 ERREUR :  x',
    '%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ',
  ],
])('%s begins with a usual prefix', (line, written) => {
  expect(detectPrefix([line])?.written).toBe(written);
});

test('a process that is no session writes nothing behind %q, and names may have blanks in them', () => {
  const { fields, pattern } = readPrefix('%m [%p] %q%u@%d/%a ') ?? { fields: new Set(), pattern: /$^/ };
  const match = (line: string): readonly (string | undefined)[] => {
    pattern.lastIndex = 0;
    return pattern.exec(line)?.slice(1) ?? [];
  };
  expect([...fields]).toEqual(['time', 'pid', 'user', 'application']);
  const time = '2026-11-28 03:00:00.123 UTC';
  expect(match(`${time} [42] etl@shop/my nightly load LOG:  statement: begin`)).toEqual([time, '42', 'etl', 'my nightly load', 'LOG']);
  expect(match(`${time} [42] LOG:  checkpoint starting: time`)).toEqual([time, '42', undefined, undefined, 'LOG']);
});

test('padding is read, and an escape that PostgreSQL does not know is refused', () => {
  const padded = readPrefix('[%-6p] [%5u] ');
  expect(padded?.pattern.exec('[42    ] [  etl] LOG:  x')?.slice(1)).toEqual(['42', 'etl', 'LOG']);
  expect(readPrefix('%p %y ')).toBeUndefined();
  expect(readPrefix('100%% %p: ')?.pattern.exec('100% 42: LOG:  x')?.[1]).toBe('42');
});

test('lines that begin with no usual prefix have none', () => {
  expect(detectPrefix(['Dear diary,', 'today: nothing'])).toBeUndefined();
});
