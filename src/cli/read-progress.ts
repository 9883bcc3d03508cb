import { say } from './say.ts';
import type { Terminal } from './terminal.ts';

// Whoever waits for longer wants to know for what.
const everyMs = 3_000;

/** Says on stderr how far a long read is, a line now and then. */
export function progressOf(terminal: Terminal, isJson: boolean): (doneBytes: number, allBytes: number) => void {
  let saidMs = performance.now();
  return (doneBytes, allBytes) => {
    if (performance.now() - saidMs < everyMs || doneBytes >= allBytes) return;
    saidMs = performance.now();
    const percent = Math.floor((100 * doneBytes) / allBytes);
    const message = `${percent} % of ${megabytes(allBytes)} MB read`;
    say(terminal, isJson, 'reading', message, { doneBytes, allBytes });
  };
}

function megabytes(bytes: number): string {
  return bytes < 100e6 ? (bytes / 1e6).toFixed(1) : String(Math.round(bytes / 1e6));
}
