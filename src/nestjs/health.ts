import { Inject, Injectable } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { InvalidOptionError } from '../lock/errors.ts';
import { allowedNames } from '../lock/nearest.ts';
import { lockersOf } from './applications.ts';
import { defaultName } from './tokens.ts';

/** What Terminus shows of a locker. */
export interface LockerHealth {
  readonly status: 'up' | 'down';
  readonly store: string;
  readonly latencyMs: number;
  readonly heldLocks: number;
  /** Why it is down. */
  readonly message?: string;
}

/**
 * For `@nestjs/terminus`: is the store of a locker there? `GivewayModule` provides it.
 *
 *     health.check([() => giveway.isHealthy('locks')])
 */
export class GivewayHealthIndicator {
  readonly #application: ModulesContainer;

  constructor(application: ModulesContainer) {
    this.#application = application;
  }

  /** `key`: what it is called in the answer. One read of the store, which answers within the store's own deadline. Rejects with `InvalidOptionError` only. */
  async isHealthy<const Key extends string>(key: Key, lockerName: string = defaultName): Promise<Record<Key, LockerHealth>> {
    if (typeof key !== 'string' || key === '')
      throw new InvalidOptionError('key', key, 'what the locker is called in the answer is allowed');
    const lockers = lockersOf(this.#application);
    const locker = lockers.get(lockerName);
    if (locker === undefined)
      throw new InvalidOptionError(
        'lockerName',
        lockerName,
        `the application has no such locker${allowedNames(lockerName, [...lockers.keys()])}`,
      );
    const { ok, store, latencyMs, heldLocks, error } = await locker.health();
    const health = { status: ok ? 'up' : 'down', store, latencyMs, heldLocks, ...(error && { message: error.message }) } as const;
    return { [key]: health } as Record<Key, LockerHealth>;
  }
}

Injectable()(GivewayHealthIndicator);
Inject(ModulesContainer)(GivewayHealthIndicator, undefined, 0);
