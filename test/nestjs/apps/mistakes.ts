/** Applications with one mistake each. Tells how each was refused. */
import 'reflect-metadata';
import { Injectable, Module, type ModuleMetadata, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { createLocker } from 'giveway';
import { Locked } from 'giveway/decorators';
import { memoryStore } from 'giveway/memory';
import { GivewayModule, InjectLocker, LockedCron, LockedProcess } from 'giveway/nestjs';
import { tell } from './tell.js';

const locker = () => createLocker({ store: memoryStore() });

@Injectable()
class Crons {
  @LockedCron('* * * * * *')
  async report(): Promise<void> {}
}

@Injectable()
class Hourly {
  @LockedCron('0 * * * *', { name: 'etl', scope: 'events' })
  async load(): Promise<void> {}
}

@Injectable()
class Daily {
  @LockedCron('0 0 * * *', { name: 'ETL', scope: 'visits' })
  async load(): Promise<void> {}
}

@Injectable()
class Alone {
  @LockedCron('0 0 1 * *', { name: 'Etl', scope: 'visits', guarantee: 'no-overlap' })
  async load(): Promise<void> {}
}

@Injectable()
class Visits {
  @Locked('visits')
  async refresh(): Promise<void> {}
}

@Injectable()
class Reports {
  constructor(@InjectLocker('reports') readonly locker: unknown) {}
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  @LockedCron('* * * * * *')
  async report(): Promise<void> {}
}

@Injectable({ scope: Scope.REQUEST })
class Tenant {}

@Injectable()
class Above {
  constructor(readonly tenant: Tenant) {}

  @LockedCron('* * * * * *')
  async report(): Promise<void> {}
}

@Injectable({ scope: Scope.TRANSIENT })
class PerUse {
  @LockedCron('* * * * * *')
  async report(): Promise<void> {}
}

@Injectable({ scope: Scope.TRANSIENT })
class JobPerUse {
  @LockedProcess(() => 'events')
  async process(): Promise<void> {}
}

@Injectable()
class Misspelt {
  @LockedCron('0 0 * * *', { scope: { writes: 'visist' } })
  async load(): Promise<void> {}
}

@Injectable()
class MisspeltJob {
  @LockedProcess('evnts')
  async process(): Promise<void> {}
}

const listed = () => createLocker({ store: memoryStore(), resources: ['events', 'visits'] });
const withCron = (...providers: (new (...injected: never[]) => unknown)[]): ModuleMetadata => ({
  imports: [GivewayModule.forRoot(listed()), ScheduleModule.forRoot()],
  providers,
});

const mistakes: Record<string, () => ModuleMetadata> = {
  'a module without forRoot': () => ({ imports: [GivewayModule] }),
  'forRoot without options': () => ({ imports: [(GivewayModule.forRoot as (...none: unknown[]) => never)()] }),
  'forRootAsync without a factory': () => ({ imports: [(GivewayModule.forRootAsync as (...none: unknown[]) => never)()] }),
  'a factory of nothing': () => ({ imports: [GivewayModule.forRootAsync({ useFactory: () => undefined as never })] }),
  'a config without a store': () => ({ imports: [GivewayModule.forRoot({ namespace: 'x' })] }),
  'an unknown option': () => ({ imports: [GivewayModule.forRoot(locker(), { nam: 'x' } as never)] }),
  'two lockers of one name': () => ({
    imports: [GivewayModule.forRoot(locker(), { name: 'a' }), GivewayModule.forRoot(locker(), { name: 'a' })],
  }),
  'a cron without the module': () => ({ imports: [ScheduleModule.forRoot()], providers: [Crons] }),
  'a cron without a scheduler': () => ({ imports: [GivewayModule.forRoot(locker())], providers: [Crons] }),
  'two crons of one name': () => ({ imports: [GivewayModule.forRoot(locker()), ScheduleModule.forRoot()], providers: [Hourly, Daily] }),
  'a name that no locker has': () => ({ imports: [GivewayModule.forRoot(locker())], providers: [Reports] }),
  '@Locked without the module': () => ({ providers: [Visits] }),
  'a bad guarantee': () => {
    LockedCron('* * * * * *', { guarantee: 'twice' as never })(Crons.prototype, 'report', { value: async () => {} });
    return {};
  },
  'a standard decorator': () => {
    LockedCron('* * * * * *')(async () => {}, { kind: 'method', name: 'report' } as never, undefined as never);
    return {};
  },
  'a cron on a property': () => {
    LockedCron('* * * * * *')(Crons.prototype, 'report', undefined as never);
    return {};
  },
  'a cron in what is made for a request': () => withCron(PerRequest),
  'a cron in what injects such a one': () => withCron(Tenant, Above),
  'a cron in what is made for each use': () => withCron(PerUse),
  'a process in what is made for each use': () => withCron(JobPerUse),
  'a cron on a table that is not listed': () => withCron(Misspelt),
  'a job on a table that is not listed': () => withCron(MisspeltJob),
  'options of forRoot that are none': () => ({ imports: [GivewayModule.forRoot(locker(), 7 as never)] }),
  'options of a cron that are none': () => {
    LockedCron('* * * * * *', null as never);
    return {};
  },
  'options of a process that are none': () => {
    LockedProcess('events', null as never);
    return {};
  },
  // No mistake. Last, since the class remembers its locker.
  'a name that takes no fires': () => ({
    imports: [GivewayModule.forRoot(locker()), ScheduleModule.forRoot()],
    providers: [Hourly, Alone, Visits],
  }),
};

async function refusal(metadata: () => ModuleMetadata): Promise<object> {
  try {
    @Module(metadata())
    class AppModule {}
    const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    await app.get(Visits, { strict: false }).refresh();
    await app.close();
    return { name: 'none' };
  } catch (error) {
    // Nest's own errors have no name but their class's.
    const { code, message, constructor: type } = error as Error & { code?: string };
    return { name: type.name, code, message };
  }
}

async function main(): Promise<void> {
  for (const [mistake, metadata] of Object.entries(mistakes)) tell(mistake, await refusal(metadata));
}
void main();
