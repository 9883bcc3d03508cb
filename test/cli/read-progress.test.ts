import { afterEach, expect, jest, test } from '@jest/globals';
import { playsProgressOf, progressOf } from '../../src/cli/read-progress.ts';
import type { Terminal } from '../../src/cli/terminal.ts';

afterEach(() => void jest.restoreAllMocks());

test.each([
  { isJson: false, said: ['giveway: 40 % of 2500 MB read\n', 'giveway: 80 % of 2500 MB read\n'] },
  {
    isJson: true,
    said: [
      '{"giveway":"reading","message":"40 % of 2500 MB read","doneBytes":1000000000,"allBytes":2500000000}\n',
      '{"giveway":"reading","message":"80 % of 2500 MB read","doneBytes":2000000000,"allBytes":2500000000}\n',
    ],
  },
])('a long read is told of every three seconds, and not at its end (JSON: $isJson)', ({ isJson, said }) => {
  let nowMs = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const lines: string[] = [];
  const onProgress = progressOf({ writeError: (text) => void lines.push(text) } as Terminal, isJson);
  for (const doneBytes of [0.5e9, 1e9, 1.5e9, 2e9, 2.5e9]) {
    nowMs += 1_500;
    onProgress(doneBytes, 2.5e9);
  }
  expect(lines).toEqual(said);
});

test('so is a long forecast', () => {
  let nowMs = 1_000;
  jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const lines: string[] = [];
  const onPlay = playsProgressOf({ writeError: (text) => void lines.push(text) } as Terminal, false);
  for (const kind of ['forecast', 'proposal'] as const) {
    for (const played of [0, 1, 2]) {
      nowMs += 1_500;
      onPlay(kind, played, 3);
    }
  }
  expect(lines).toEqual([
    'giveway: 1 of 3 plays\n',
    'giveway: 0 of 3 plays with other times\n',
    'giveway: 2 of 3 plays with other times\n',
  ]);
});
