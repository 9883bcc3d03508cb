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
  port: patient([
    ...registerBehaviours,
    ...appendBehaviours,
    ...textBehaviours,
    ...contentionBehaviours,
    ...abilityBehaviours,
    ...pushBehaviours,
    ...lifetimeBehaviours,
  ]),
  locker: patient([
    ...exclusionBehaviours,
    ...requestBehaviours,
    ...sharingBehaviours,
    ...lineBehaviours,
    ...faultBehaviours,
    ...endingBehaviours,
  ]),
};

/** Those that wait come last: what they find hangs on time, and the others keep process and server busy. */
function patient(behaviours: readonly Behaviour[]): readonly Behaviour[] {
  return [...behaviours.filter(({ waits }) => !waits), ...behaviours.filter(({ waits }) => waits)];
}

/** Every behaviour of the suite, in the order of the report. */
export const storeBehaviours: readonly BehaviourInfo[] = (['port', 'locker'] as const).flatMap((part) =>
  parts[part].map(({ id, title }) => ({ id, title, part })),
);

/**
 * Registers the tests that every store must pass: first the store by itself, then a locker over it.
 * Asserts with `node:assert` alone and takes the test runner as an option, so it binds to none.
 */
export function storeSuite(options: StoreSuiteOptions): void {
  const { test: runner, create, name, prefix, relaxations = {} } = options;
  if (prefix !== undefined) checkNamespace(prefix, 'prefix');
  checkRelaxations(relaxations);
  runner.describe(`store suite: ${name}`, () => {
    let stage: OpenStage | undefined;
    let waiting: ReadonlyMap<Behaviour, Promise<void>> | undefined;
    runner.beforeAll(async () => {
      stage = await openStage(create, prefix);
    });
    runner.afterAll(async () => stage?.close());

    async function play(behaviour: Behaviour): Promise<void> {
      assert(stage, 'the connections could not be opened');
      if (!behaviour.waits) return behaviour.run(stage);
      waiting ??= startWaiting(stage, relaxations);
      return waiting.get(behaviour);
    }

    for (const [part, behaviours] of Object.entries(parts)) {
      runner.describe(part, () => {
        for (const behaviour of behaviours) register(behaviour, runner, relaxations[behaviour.id], () => play(behaviour));
      });
    }
  });
}

/** The longest that one behaviour, or all that wait together, may take. */
const behaviourTimeoutMs = 30_000;

function register({ id, title }: Behaviour, { test }: TestRunner, relaxation: string | undefined, play: () => Promise<void>): void {
  const name = `[${id}] ${title}`;
  if (relaxation === undefined) test(name, play, behaviourTimeoutMs);
  else test.skip(`${name} (not here: ${relaxation})`, play);
}

/** The first that waits starts all that wait, of both parts: each has keys of its own, and the suite takes as long as the longest. */
function startWaiting(stage: Stage, relaxations: Readonly<Record<string, string>>): ReadonlyMap<Behaviour, Promise<void>> {
  const started = new Map<Behaviour, Promise<void>>();
  for (const behaviour of Object.values(parts).flat()) {
    if (!behaviour.waits || relaxations[behaviour.id] !== undefined) continue;
    const run = behaviour.run(stage);
    // Its own test awaits it and reports; until then a failure is not an unhandled rejection.
    run.catch(() => {});
    started.set(behaviour, run);
  }
  return started;
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
