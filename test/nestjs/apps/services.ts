/** An application with two lockers, which its services find in each way there is; and its health. */
import 'reflect-metadata';
import { Controller, Injectable, Module, Scope } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { createLocker, ResourceLocker } from 'giveway';
import { Locked } from 'giveway/decorators';
import { memoryStore } from 'giveway/memory';
import { GivewayHealthIndicator, GivewayModule, getLockerToken, InjectLocker } from 'giveway/nestjs';
import { faultyStore } from 'giveway/testing';
import { tell } from './tell.js';

const held = (of: ResourceLocker): string | undefined => of.current()?.job;

@Injectable()
class ByType {
  constructor(readonly visits: ResourceLocker) {}

  @Locked('visits')
  async refresh(): Promise<string | undefined> {
    return held(this.visits);
  }

  @Locked('visits', { locker: 'reports' })
  async elsewhere(): Promise<readonly boolean[]> {
    return [held(this.visits) !== undefined];
  }
}

@Injectable()
class ByName {
  constructor(@InjectLocker('reports') private readonly lockerOfReports: ResourceLocker) {}

  @Locked('visits')
  async refresh(): Promise<string | undefined> {
    return held(this.lockerOfReports);
  }
}

@Controller()
class ByProperty {
  @InjectLocker() private readonly one!: ResourceLocker;
  @InjectLocker('reports') private readonly other!: ResourceLocker;

  @Locked('visits')
  async refresh(): Promise<readonly (string | undefined)[]> {
    return [held(this.one), held(this.other)];
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerRequest {
  constructor(private readonly byType: ByType) {}

  @Locked('rollup')
  async refresh(): Promise<string | undefined> {
    return held(this.byType.visits);
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class PerUse {
  @Locked('rollup', { locker: 'reports' })
  async refresh(reports: ResourceLocker): Promise<string | undefined> {
    return held(reports);
  }
}

const store = faultyStore(memoryStore());
const locker = createLocker({ store, job: 'default' });

@Module({
  imports: [
    GivewayModule.forRoot(locker),
    GivewayModule.forRootAsync({
      name: 'reports',
      inject: [getLockerToken()],
      useFactory: async (first: ResourceLocker) => ({ store: 'memory:', job: first === locker ? 'after the first' : 'alone' }),
    }),
    TerminusModule,
  ],
  controllers: [ByProperty],
  providers: [ByType, ByName, PerRequest, PerUse],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  tell('by type', { job: await app.get(ByType).refresh() });
  tell('by option', { held: await app.get(ByType).elsewhere() });
  tell('by name', { job: await app.get(ByName).refresh() });
  tell('by property', { jobs: await app.get(ByProperty).refresh() });
  const perRequest = await app.resolve(PerRequest);
  tell('per request', { job: await perRequest.refresh() });
  const reports = app.get<ResourceLocker>(getLockerToken('reports'));
  const perUse = await app.resolve(PerUse);
  tell('per use', { job: await perUse.refresh(reports) });
  tell('lockers', { isSame: app.get(ResourceLocker) === locker, others: reports !== locker });

  const health = app.get(HealthCheckService);
  const giveway = app.get(GivewayHealthIndicator);
  tell('healthy', await health.check([() => giveway.isHealthy('locks'), () => giveway.isHealthy('reports', 'reports')]));
  store.arm('every', 'reject-before', { times: Number.POSITIVE_INFINITY });
  const refused = await health
    .check([() => giveway.isHealthy('locks')])
    .catch((error: { getStatus(): number; getResponse(): object }) => error);
  tell('unhealthy', {
    httpStatus: (refused as { getStatus(): number }).getStatus(),
    ...(refused as { getResponse(): object }).getResponse(),
  });
  tell('no such', { message: await giveway.isHealthy('locks', 'report').catch(({ message }: Error) => message) });

  tell('no key', { message: await giveway.isHealthy(undefined as never).catch(({ message }: Error) => message) });

  await app.close();
  tell('closed', {
    codes: await Promise.all([locker, reports].map((each) => each.tryLock('x').catch(({ code }: { code: string }) => code))),
  });
}
void main();
