import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { GivewayConfig } from '../config/types.ts';
import { isLocker } from '../jobs/check-locker.ts';
import type { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { checkOptions, requireOptions } from '../lock/plan/options.ts';
import { defaultName } from './tokens.ts';

/** Less than the 30 s that Kubernetes gives a process by default. */
const usualFinishMs = 20_000;

/** What `GivewayModule.forRoot` takes besides a locker or a config. */
export interface GivewayModuleOptions {
  /** What `InjectLocker` calls this locker, where an application has several. Default `'default'`. */
  readonly name?: string;
  /**
   * How long the shutdown waits for jobs and for locks that are held, in milliseconds: an integer from 0 up. Then the locker closes,
   * which aborts their signals. Default 20 000.
   */
  readonly finishWithinMs?: number;
}

/** What `GivewayModule.forRootAsync` takes: a factory of a locker or a config, as Nest's own modules have it. */
export interface GivewayModuleAsyncOptions extends GivewayModuleOptions, Pick<ModuleMetadata, 'imports'> {
  readonly useFactory: (...dependencies: never[]) => LockerSource | Promise<LockerSource>;
  readonly inject?: FactoryProvider['inject'];
}

/** A locker, or the config of one. */
export type LockerSource = ResourceLocker | GivewayConfig;

/** Throws `InvalidOptionError`. */
export function checkModuleOptions(options: GivewayModuleOptions): Required<GivewayModuleOptions> {
  requireOptions(options);
  checkOptions(options, '', ['name', 'finishWithinMs']);
  const { name = defaultName, finishWithinMs: ms = usualFinishMs } = options;
  if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name', name, 'the name of a locker is allowed, or nothing');
  if (!Number.isInteger(ms) || ms < 0) throw new InvalidOptionError('finishWithinMs', ms, 'an integer from 0 up (milliseconds) is allowed');
  return { name, finishWithinMs: ms };
}

/** Throws `InvalidOptionError`. */
export function checkSource(source: unknown, from: string): void {
  if (typeof source === 'object' && source !== null && !Array.isArray(source)) return;
  throw new InvalidOptionError(from, source, 'a locker is allowed, or a config such as { store: "memcached://localhost:11211" }');
}

/** The locker itself, or the one that the config describes. Rejects with `ConfigError`. */
export async function openLocker(source: LockerSource): Promise<ResourceLocker> {
  if (isLocker(source)) return source;
  const { loadLocker } = await import('../config/load.ts');
  return loadLocker({ config: source });
}
