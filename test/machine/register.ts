import type { Answer } from '../../src/lock/machine/machine.ts';
import type { Version } from '../../src/lock/store.ts';

/** One request of a machine, as the store gets it. */
export type Request =
  | { readonly what: 'read' }
  | { readonly what: 'create'; readonly value: string; readonly ttlMs: number }
  | { readonly what: 'replace'; readonly value: string; readonly version: Version; readonly ttlMs: number }
  | { readonly what: 'remove'; readonly version: Version }
  | { readonly what: 'append'; readonly text: string; readonly version: Version };

/** One key of a store that never fails: a compare-and-swap register with a TTL. */
export class Register {
  value: string | undefined;
  version: Numbered = { number: 0 };
  untilMs = 0;

  /** What stands there now. */
  at(nowMs: number): string | undefined {
    return nowMs < this.untilMs ? this.value : undefined;
  }

  do(request: Request, nowMs: number): Answer {
    const value = this.at(nowMs);
    if (request.what === 'read') return value === undefined ? undefined : { value, version: this.version };
    if (request.what === 'create') return value === undefined ? this.#write(request.value, nowMs + request.ttlMs) : undefined;
    const isSame = value !== undefined && (request.version as Numbered).number === this.version.number;
    if (request.what === 'replace') return isSame ? this.#write(request.value, nowMs + request.ttlMs) : undefined;
    if (request.what === 'append') return isSame ? this.#write(value + request.text, this.untilMs) : undefined;
    if (isSame) this.value = undefined;
    return isSame;
  }

  #write(value: string, untilMs: number): Version {
    this.value = value;
    this.untilMs = untilMs;
    this.version = { number: this.version.number + 1 };
    return this.version;
  }
}

export interface Numbered extends Version {
  readonly number: number;
}
