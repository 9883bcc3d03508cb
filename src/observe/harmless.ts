/** Calls what a user gave us. What it throws, or rejects with, harms nobody: this may run in a timer. */
export function harmlessly(call: () => unknown): void {
  try {
    const returned = call();
    if (returned instanceof Promise) returned.catch(() => {});
  } catch {
    // An observer hears; it never steers.
  }
}
