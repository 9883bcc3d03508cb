/** The last answer to a question, and whether it is an old one because the new one is late or failed. */
export interface Latest<T> {
  readonly value: T | undefined;
  readonly isStale: boolean;
}

/** What hangs is not waited for any longer. */
export const patienceMs = 5_000;

/** Asks anew at each call, but not while an answer is due: a source that hangs is asked once. Never rejects. */
export function latestOf<T>(ask: () => Promise<T>): () => Promise<Latest<T>> {
  let value: T | undefined;
  let asking: Promise<boolean> | undefined;
  return async () => {
    asking ??= ask()
      .then(
        (answer) => {
          value = answer;
          return true;
        },
        () => false,
      )
      .finally(() => {
        asking = undefined;
      });
    const answered = await within(asking, patienceMs);
    return { value, isStale: !answered };
  };
}

/** `false` if it takes longer. */
export async function within(answer: Promise<boolean>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
}
