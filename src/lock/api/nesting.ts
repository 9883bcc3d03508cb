import { AsyncLocalStorage } from 'node:async_hooks';
import { GivewayError } from '../errors.ts';
import type { Mode } from '../holder.ts';
import type { Need } from '../options.ts';
import { covers, isBefore, modeIn } from '../plan/scope.ts';
import type { HeldLock } from './held-lock.ts';

interface Frame {
  readonly lock: HeldLock;
  /** Which run it is, to whoever started it. */
  readonly run: unknown;
  /** What it holds, the schemas of its tables among them. */
  readonly needs: readonly Need[];
  readonly around: Frame | undefined;
}

/** What a request finds held around it. */
export interface Enclosure {
  /** The locks that give a part of what is needed already. */
  readonly outers: readonly HeldLock[];
  /** What the surrounding runs do not hold. */
  readonly missing: readonly Need[];
  /** The name of the work around, for what is inside of it and has none of its own. */
  readonly job: string | undefined;
  /** Something missing sorts before something held: waiting for it could deadlock, so it is tried once. */
  readonly outOfOrder: boolean;
  /** The same, looked at now: an outer run may have ended during a wait. */
  again(): Enclosure;
}

/** Most locks are taken where nothing is held. */
const nobody: readonly HeldLock[] = [];

/** What is asked for where nothing is held. */
export function nothingHeld(missing: readonly Need[]): Enclosure {
  return { outers: nobody, missing, job: undefined, outOfOrder: false, again };
}

function again(this: Enclosure): Enclosure {
  return this;
}

/**
 * Which locks surround the code that runs now. Set by `run`, `wrap` and `transaction` only, follows the async context,
 * and counts while the lock is held: a promise, a timer or a pool that outlives the run gets nothing from it.
 */
export class Nesting {
  /** None where nesting is explicit, and after the end: on Node 20 each that is enabled makes every promise of the process dearer. */
  #frames: AsyncLocalStorage<Frame> | undefined;
  readonly #listedSchemaOf: (resource: string) => string | undefined;

  constructor(byContext: boolean, listedSchemaOf: (resource: string) => string | undefined) {
    this.#frames = byContext ? new AsyncLocalStorage<Frame>() : undefined;
    this.#listedSchemaOf = listedSchemaOf;
  }

  /** `run` names the run in `runs()`. */
  within<T>(lock: HeldLock, needs: readonly Need[], run: unknown, work: () => T): T {
    if (this.#frames === undefined) return work();
    return this.#frames.run({ lock, needs, run, around: this.#frames.getStore() }, work);
  }

  /** The runs that the code here is inside of. */
  runs(): readonly unknown[] {
    return outward(this.#frames?.getStore()).map(({ run }) => run);
  }

  /** No locks are held any more, so nobody is inside of one. */
  end(): void {
    this.#frames?.disable();
    this.#frames = undefined;
  }

  /** The innermost live lock here, or the innermost that covers `resource`. */
  current(resource?: string): HeldLock | undefined {
    const innermost = this.#frames?.getStore();
    const found = resource === undefined ? outward(innermost).find(({ lock }) => lock.isLive()) : this.#around(resource, innermost)[0];
    return found?.lock;
  }

  enclosing(needs: readonly Need[]): Enclosure {
    const frame = this.#frames?.getStore();
    return frame === undefined ? nothingHeld(needs) : this.#enclosingIn(frame, needs);
  }

  #enclosingIn(frame: Frame, needs: readonly Need[]): Enclosure {
    const outers = new Set<HeldLock>();
    const missing = needs.filter(({ resource, mode }) => {
      const around = this.#around(resource, frame);
      const covering = around.find(({ held }) => covers(held, mode));
      if (covering === undefined && around[0] !== undefined) throw upgrade(resource, around[0].held, mode);
      if (covering !== undefined) outers.add(covering.lock);
      return covering === undefined;
    });
    return {
      outers: outers.size === 0 ? nobody : [...outers],
      missing,
      job: frame.lock.isLive() ? frame.lock.job : undefined,
      outOfOrder: sortsBeforeHeld(missing, frame),
      again: () => this.#enclosingIn(frame, needs),
    };
  }

  /** The live locks here that hold `resource`, innermost first. */
  #around(resource: string, innermost: Frame | undefined): readonly { readonly lock: HeldLock; readonly held: Mode }[] {
    const found: { lock: HeldLock; held: Mode }[] = [];
    const schema = this.#listedSchemaOf(resource);
    for (const frame of outward(innermost)) {
      const held =
        frame.needs.find((need) => need.resource === resource)?.mode ?? (schema === undefined ? undefined : givenBy(frame, schema));
      if (held !== undefined && frame.lock.isLive()) found.push({ lock: frame.lock, held });
    }
    return found;
  }
}

function outward(innermost: Frame | undefined): readonly Frame[] {
  const frames: Frame[] = [];
  for (let frame = innermost; frame !== undefined; frame = frame.around) frames.push(frame);
  return frames;
}

function sortsBeforeHeld(missing: readonly Need[], innermost: Frame): boolean {
  const [first] = missing;
  if (first === undefined) return false;
  return outward(innermost).some(({ lock, needs }) => lock.isLive() && needs.some((held) => isBefore(first.resource, held.resource)));
}

/** What a schema that is held gives to its tables. Appends to it go together, whatever each does with its own table. */
function givenBy({ lock }: Frame, schema: string): Mode | undefined {
  const mode = modeIn(lock.scope, schema);
  return mode === 'append' ? undefined : mode;
}

function upgrade(resource: string, held: string, asked: string): GivewayError {
  return new GivewayError(
    'ERR_GIVEWAY_UPGRADE',
    `"${resource}" is held around this call in mode ${held}; asking for ${asked} would wait for itself. Take ${asked} in the outer run.`,
  );
}
