import type { OnPlay } from '../forecast/index.ts';
import { say } from './say.ts';
import type { Terminal } from './terminal.ts';

// Whoever waits for longer wants to know for what.
const everyMs = 3_000;

/** Says on stderr how far a long read is, a line now and then. */
export function progressOf(terminal: Terminal, isJson: boolean): (doneBytes: number, allBytes: number) => void {
  const isDue = nowAndThen();
  return (doneBytes, allBytes) => {
    if (doneBytes >= allBytes || !isDue()) return;
    const percent = Math.floor((100 * doneBytes) / allBytes);
    const message = `${percent} % of ${megabytes(allBytes)} MB read`;
    say(terminal, isJson, 'reading', message, { doneBytes, allBytes });
  };
}

/** The same of a long forecast. */
export function playsProgressOf(terminal: Terminal, isJson: boolean): OnPlay {
  const isDue = nowAndThen();
  return (of, played, plays) => {
    if (!isDue()) return;
    const message = `${played} of ${plays} plays${of === 'proposal' ? ' with other times' : ''}`;
    say(terminal, isJson, 'playing', message, { of, played, plays });
  };
}

function nowAndThen(): () => boolean {
  let saidMs = performance.now();
  return () => {
    if (performance.now() - saidMs < everyMs) return false;
    saidMs = performance.now();
    return true;
  };
}

function megabytes(bytes: number): string {
  return bytes < 100e6 ? (bytes / 1e6).toFixed(1) : String(Math.round(bytes / 1e6));
}
