import type { TestRunner } from '../../src/testing/index.ts';

/** A test runner in a few lines: collects what the suite registers, runs it when told, reports by behaviour id. */
export interface CollectingRunner extends TestRunner {
  /** The error of each test that failed, and `undefined` of each that passed. */
  run(): Promise<ReadonlyMap<string, unknown>>;
  /** Names of the tests that the suite asked to skip. */
  readonly skipped: readonly string[];
}

export function collectingRunner(): CollectingRunner {
  const before: (() => Promise<void>)[] = [];
  const after: (() => Promise<void>)[] = [];
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const skipped: string[] = [];
  return {
    describe: (_name, body) => body(),
    test: Object.assign((name: string, body: () => Promise<void>) => tests.push({ name, body }), {
      skip: (name: string) => skipped.push(name),
    }),
    beforeAll: (body) => before.push(body),
    afterAll: (body) => after.push(body),
    skipped,
    async run() {
      const results = new Map<string, unknown>();
      for (const body of before) await body();
      for (const { name, body } of tests) {
        results.set(
          idOf(name),
          await body().then(
            () => undefined,
            (error) => error,
          ),
        );
      }
      for (const body of after) await body();
      return results;
    },
  };
}

function idOf(name: string): string {
  return /^\[([^\]]+)\]/.exec(name)?.[1] ?? name;
}
