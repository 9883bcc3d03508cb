import assert from 'node:assert/strict';
import { InvalidOptionError } from '../lock/errors.ts';
import { checkNamespace } from '../lock/record/keys.ts';
import type { LockStore } from '../lock/store.ts';
import type { Behaviour, Stage } from './behaviour.ts';
import { endingBehaviours } from './locker/endings.ts';
import { exclusionBehaviours } from './locker/exclusion.ts';
import { faultBehaviours } from './locker/faults.ts';
import { lineBehaviours } from './locker/line.ts';
import { requestBehaviours } from './locker/requests.ts';
import { sharingBehaviours } from './locker/sharing.ts';
import { abilityBehaviours } from './port/abilities.ts';
import { appendBehaviours } from './port/appends.ts';
import { contentionBehaviours } from './port/contention.ts';
import { lifetimeBehaviours } from './port/lifetimes.ts';
import { pushBehaviours } from './port/pushes.ts';
import { registerBehaviours } from './port/registers.ts';
import { textBehaviours } from './port/texts.ts';
import { type OpenStage, openStage } from './stage.ts';

/**
 * The functions of a test runner that the suite calls: those of Jest and Vitest as they are, those of `node:test` with
 * `before` and `after` under the names `beforeAll` and `afterAll`.
 */
export interface TestRunner {
  describe(name: string, body: () => void): unknown;
  test: TestFunction & { readonly skip: TestFunction };
  beforeAll(body: () => Promise<void>): unknown;
  afterAll(body: () => Promise<void>): unknown;
}

/** Registers one test. */
export type TestFunction = (name: string, body: () => Promise<void>, timeoutMs?: number) => unknown;

/** What `storeSuite` needs to know. */
export interface StoreSuiteOptions {
  /** Names the store in the report. */
  readonly name: string;
  readonly test: TestRunner;
  /** Opens one more connection to the *same* backend, as another process would. The suite closes what it opens. */
  readonly create: () => LockStore | Promise<LockStore>;
  /** The namespace of this run, so that runs can share a server: all keys begin with `<prefix>:`. Default: a fresh one. */
  readonly prefix?: string;
  /** Behaviours that the backend cannot have, each by its id with the reason. They are shown as skipped. */
  readonly relaxations?: Readonly<Record<string, string>>;
}

/** A behaviour that the suite tests, for tables of stores and behaviours. Test names begin with `[id]`. */
export interface BehaviourInfo {
  readonly id: string;
  readonly title: string;
  readonly part: 'port' | 'locker';
}

const parts: Readonly<Record<BehaviourInfo['part'], readonly Behaviour[]>> = {
  port: [
    ...registerBehaviours,
    ...appendBehaviours,
    ...textBehaviours,
    ...contentionBehaviours,
    ...abilityBehaviours,
    ...pushBehaviours,
    ...lifetimeBehaviours,
  ],
  locker: [...exclusionBehaviours, ...requestBehaviours, ...sharingBehaviours, ...lineBehaviours, ...faultBehaviours, ...endingBehaviours],
};

/** Every behaviour of the suite, in the order of the report. */
export const storeBehaviours: readonly BehaviourInfo[] = (['port', 'locker'] as const).flatMap((part) =>
  parts[part].map(({ id, title }) => ({ id, title, part })),
);

/**
 * Registers the tests that every store must pass: first the store by itself, then a locker over it.
 * Asserts with `node:assert` alone and takes the test runner as an option, so it binds to none.
 */
export function storeSuite(options: StoreSuiteOptions): void {
  if (options.prefix !== undefined) checkNamespace(options.prefix, 'prefix');
  checkRelaxations(options.relaxations ?? {});
  const { describe } = options.test;
  describe(`store suite: ${options.name}`, () => {
    for (const [part, behaviours] of Object.entries(parts)) {
      describe(part, () => register(behaviours, options));
    }
  });
}

/** The longest that one behaviour, or all that wait together, may take. */
const behaviourTimeoutMs = 30_000;

function register(behaviours: readonly Behaviour[], { test, create, prefix, relaxations = {} }: StoreSuiteOptions): void {
  let stage: OpenStage | undefined;
  let waiting: Map<Behaviour, Promise<void>> | undefined;

  test.beforeAll(async () => {
    stage = await openStage(create, prefix);
  });
  test.afterAll(async () => stage?.close());

  /** The first that waits starts all that wait: each has keys of its own, and the suite takes as long as the longest. */
  function startWaiting(onStage: Stage): Map<Behaviour, Promise<void>> {
    const started = new Map<Behaviour, Promise<void>>();
    for (const behaviour of behaviours) {
      if (!behaviour.waits || relaxations[behaviour.id] !== undefined) continue;
      const run = behaviour.run(onStage);
      // Its own test awaits it and reports; until then a failure is not an unhandled rejection.
      run.catch(() => {});
      started.set(behaviour, run);
    }
    return started;
  }

  for (const behaviour of behaviours) {
    const title = `[${behaviour.id}] ${behaviour.title}`;
    const reason = relaxations[behaviour.id];
    const run = async (): Promise<void> => {
      assert(stage, 'the connections could not be opened');
      if (!behaviour.waits) return behaviour.run(stage);
      waiting ??= startWaiting(stage);
      return waiting.get(behaviour);
    };
    if (reason === undefined) test.test(title, run, behaviourTimeoutMs);
    else test.test.skip(`${title} (not here: ${reason})`, run);
  }
}

function checkRelaxations(relaxations: Readonly<Record<string, string>>): void {
  for (const [id, reason] of Object.entries(relaxations)) {
    const known = storeBehaviours.some((behaviour) => behaviour.id === id);
    if (!known)
      throw new InvalidOptionError(
        `relaxations.${id}`,
        reason,
        `allowed are ${storeBehaviours.map((behaviour) => behaviour.id).join(', ')}`,
      );
    if (reason.trim() === '') throw new InvalidOptionError(`relaxations.${id}`, reason, 'say why the backend cannot have it');
  }
}
