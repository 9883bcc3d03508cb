/** What is being measured, on one line of the terminal; without a name, nothing any more. */
export function progress(what?: string): void {
  if (process.stderr.isTTY) process.stderr.write(what === undefined ? '\r\x1b[K' : `\r\x1b[K${what} …`);
  else if (what !== undefined) process.stderr.write(`${what} …\n`);
}
