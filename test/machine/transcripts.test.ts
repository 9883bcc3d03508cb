/** What machines do, as texts: `UPDATE_TRANSCRIPTS=1` writes what comes of the events now, and the diff says what has changed. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { replay } from './transcript.ts';

const folder = join(__dirname, 'transcripts');

test.each(readdirSync(folder).sort())('%s', (file) => {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const now = replay(text);
  if (process.env.UPDATE_TRANSCRIPTS === '1') writeFileSync(path, now);
  else expect(now).toBe(text);
});
