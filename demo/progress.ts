import type { WriteStream } from 'node:tty';

/** Says what goes on: on a terminal one line, drawn again and again; elsewhere plain lines, every few seconds. */
export interface Progress {
  /** What is under way. */
  say(text: string): void;
  /** What has come to its end. */
  done(text: string): void;
  /** A line that stays. */
  note(text: string): void;
  end(): void;
}

const plainEveryMs = 3_000;
const clearLine = '\r\u001b[K';

export function showProgress(stream: WriteStream): Progress {
  return stream.isTTY ? drawnLine(stream) : plainLines(stream);
}

function drawnLine(stream: WriteStream): Progress {
  const draw = (text: string): void => void stream.write(clearLine + text.slice(0, (stream.columns || 80) - 1));
  return { say: draw, done: draw, note: (text) => void stream.write(`${clearLine}${text}\n`), end: () => void stream.write(clearLine) };
}

function plainLines(stream: WriteStream): Progress {
  let lastMs = performance.now();
  const print = (text: string): void => {
    lastMs = performance.now();
    stream.write(`${text}\n`);
  };
  return { say: (text) => (performance.now() - lastMs > plainEveryMs ? print(text) : undefined), done: print, note: print, end() {} };
}
