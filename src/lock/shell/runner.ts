import type { Now } from '../clock.ts';
import type { Answer } from '../machine/machine.ts';
import type { Surroundings } from '../machine/states.ts';
import type { LockStore } from '../store.ts';
import type { Alarms } from './alarms.ts';
import type { Kept } from './gates.ts';

/** Whoever sent a request. */
export interface Asking {
  answered(answer: Answer): void;
  unanswered(error: Error): void;
}

/** What a gate needs to run the orders of its machine. */
export interface Runner extends Surroundings {
  readonly store: LockStore;
  /** Wakes whoever a call hangs on; keeps the process alive. */
  readonly waits: Alarms;
  /** Wakes the machines. */
  readonly beats: Alarms;
  /** One event after another. */
  act(event: (now: Now) => void): void;
  send(request: () => Promise<Answer>, asker: Asking): void;
  notice(resource: string, message: string): void;
  /** Nothing goes on there any more. */
  rested(gate: Kept): void;
}
