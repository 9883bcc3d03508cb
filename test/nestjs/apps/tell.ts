/** Tells the test what happens, on the clock that all processes of a machine share. */
export function tell(what: string, more: object = {}): void {
  process.stdout.write(`${JSON.stringify({ what, at: Date.now(), pid: process.pid, ...more })}\n`);
}

export const env = (name: string): string => process.env[name] ?? '';
