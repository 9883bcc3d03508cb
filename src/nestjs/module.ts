import { type DynamicModule, type FactoryProvider, Inject, Module, type OnModuleInit, Optional } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { ResourceLocker } from '../lock/api/locker.ts';
import { InvalidOptionError } from '../lock/errors.ts';
import { addLocker, patternsIn, tellLockers } from './applications.ts';
import { requireScheduler, takeNames } from './decorated-crons.ts';
import { checkMethods } from './decorated-methods.ts';
import { GivewayHealthIndicator } from './health.ts';
import { closeWorkers } from './locked-process.ts';
import {
  checkModuleOptions,
  checkSource,
  type GivewayModuleAsyncOptions,
  type GivewayModuleOptions,
  type LockerSource,
  openLocker,
} from './settings.ts';
import { defaultName, getLockerToken } from './tokens.ts';
import { nothingHeld, underWay, untilOver } from './under-way.ts';

/** The locker of one module, open. */
interface Opened {
  readonly locker: ResourceLocker;
  readonly name: string;
  readonly finishWithinMs: number;
}

const openedToken = Symbol('giveway: the locker that a module has opened');

/**
 * Lockers for a Nest application. It is global: import `forRoot` or `forRootAsync` once for each locker. With the application it
 * closes its locker, last of all: workers and schedules have ended by then. (`app.enableShutdownHooks()` makes a signal close it.)
 */
export class GivewayModule implements OnModuleInit {
  readonly #opened: Opened;
  readonly #application: ModulesContainer;
  #names: Disposable | undefined;

  constructor(opened: Opened | undefined, application: ModulesContainer) {
    if (opened === undefined)
      throw new InvalidOptionError('imports', GivewayModule.name, 'GivewayModule.forRoot(locker), with a locker or a config, is allowed');
    this.#opened = opened;
    this.#application = application;
    addLocker(application, opened.name, opened.locker);
  }

  /** With a locker of `createLocker`, or a config as `defineConfig` takes it. The module closes it. Throws `InvalidOptionError`. */
  static forRoot(source: LockerSource, options: GivewayModuleOptions = {}): DynamicModule {
    checkSource(source, 'GivewayModule.forRoot');
    return dynamicModule(checkModuleOptions(options), { useFactory: () => source });
  }

  /** The same with what a factory returns. Throws `InvalidOptionError`. */
  static forRootAsync(options: GivewayModuleAsyncOptions): DynamicModule {
    const { useFactory, inject = [], imports = [], ...others } = options ?? {};
    if (typeof useFactory !== 'function')
      throw new InvalidOptionError('useFactory', useFactory, 'a function that returns a locker, or a config, is allowed');
    const source = { useFactory: useFactory as Source['useFactory'], inject };
    return { ...dynamicModule(checkModuleOptions(others), source), imports };
  }

  onModuleInit(): void {
    requireScheduler(this.#application);
    checkMethods(this.#application, this.#opened.locker, this.#opened.name);
    this.#names = takeNames(this.#application, this.#opened.locker, this.#opened.name);
    tellLockers(this.#application);
  }

  /** Nest calls this of all modules before `onApplicationShutdown` of any, so what writes has ended when the locker closes. */
  async beforeApplicationShutdown(): Promise<void> {
    const { locker, finishWithinMs } = this.#opened;
    const fires = underWay(locker);
    fires.stop();
    await untilOver(Promise.all([fires.over(), closeWorkers(patternsIn(this.#application))]), finishWithinMs);
  }

  async onApplicationShutdown(): Promise<void> {
    const { locker, finishWithinMs } = this.#opened;
    await nothingHeld(locker, finishWithinMs);
    this.#names?.[Symbol.dispose]();
    await locker.close();
  }
}

Module({})(GivewayModule);
Inject(openedToken)(GivewayModule, undefined, 0);
Optional()(GivewayModule, undefined, 0);
Inject(ModulesContainer)(GivewayModule, undefined, 1);

type Source = Pick<FactoryProvider<LockerSource>, 'useFactory' | 'inject'>;

function dynamicModule({ name, finishWithinMs }: Required<GivewayModuleOptions>, { useFactory, inject = [] }: Source): DynamicModule {
  const opened: FactoryProvider<Opened> = {
    provide: openedToken,
    inject,
    useFactory: async (...dependencies) => {
      const source = await useFactory(...dependencies);
      checkSource(source, 'useFactory()');
      return { name, finishWithinMs, locker: await openLocker(source) };
    },
  };
  const locker = { provide: getLockerToken(name), inject: [openedToken], useFactory: ({ locker }: Opened) => locker };
  const byType = { provide: ResourceLocker, useExisting: getLockerToken(name) };
  const offered = [locker, GivewayHealthIndicator, ...(name === defaultName ? [byType] : [])];
  return { module: GivewayModule, global: true, providers: [opened, ...offered], exports: offered };
}
