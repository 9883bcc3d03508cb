/** One instance of a fleet: jobs on a schedule, whose fires the instances share. SIGTERM ends it. */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { Cron, ScheduleModule } from '@nestjs/schedule';
import type { Lock, ResourceLocker } from 'giveway';
import { GivewayModule, InjectLocker, LockedCron } from 'giveway/nestjs';
import { startApp } from './start.js';
import { env, tell } from './tell.js';

@Injectable()
class Jobs {
  constructor(@InjectLocker() locker: ResourceLocker) {
    locker.on('fire', ({ name, slot, outcome }) => tell('fire', { name, second: (slot?.getTime() ?? 0) / 1_000, outcome }));
  }

  @LockedCron('* * * * * *', { name: 'rollup', scope: { writes: 'rollup', reads: 'events' } })
  async rollup(lock: Lock): Promise<void> {
    await this.work('rollup', lock);
  }

  @LockedCron('* * * * * *')
  async report(lock: Lock): Promise<void> {
    await this.work('report', lock);
  }

  @LockedCron('* * * * * *', { scope: 'visits', guarantee: 'no-overlap', name: 'alone' })
  async alone(lock: Lock): Promise<void> {
    await this.work('alone', lock);
  }

  /** As it was without giveway. */
  @Cron('* * * * * *')
  async plain(): Promise<void> {
    tell('plain', { second: Math.floor(Date.now() / 1_000) });
  }

  private async work(what: string, lock: Lock): Promise<void> {
    const second = Math.floor(Date.now() / 1_000);
    await sleep(5);
    tell(what, { second, isProtected: lock.isProtected, job: lock.job });
  }
}

@Module({
  imports: [GivewayModule.forRoot({ store: env('MEMCACHED'), namespace: env('NAMESPACE') }), ScheduleModule.forRoot()],
  providers: [Jobs],
})
class AppModule {}

void startApp(AppModule);
