/** Stops what the setup and the test files started. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.stopServices?.();
}
