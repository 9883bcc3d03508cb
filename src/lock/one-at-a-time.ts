/** One operation at a time, by consent: whoever wants to start one first waits until none is running. */
export class OneAtATime {
  #running: Promise<void> | undefined;

  /** Settles with the operation under way; never rejects. `undefined`: there is none. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  async run<T>(operation: () => Promise<T>): Promise<T> {
    const outcome = operation();
    const settled = outcome.then(
      () => {},
      () => {},
    );
    this.#running = settled;
    try {
      return await outcome;
    } finally {
      if (this.#running === settled) this.#running = undefined;
    }
  }
}
