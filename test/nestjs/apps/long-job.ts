/** One instance with a job that takes longer than its period. SIGTERM ends it, after the job. */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import type { Lock } from 'giveway';
import { GivewayModule, LockedCron } from 'giveway/nestjs';
import { startApp } from './start.js';
import { env, tell } from './tell.js';

@Injectable()
class Jobs {
  @LockedCron('* * * * * *', { scope: 'visits', locker: 'reports', onBusy: 'retry' })
  async nightly(lock: Lock): Promise<void> {
    tell('began');
    await sleep(1_500);
    tell('finished', { isAborted: lock.signal.aborted });
  }
}

const config = { store: env('MEMCACHED'), namespace: env('NAMESPACE') };

@Module({ imports: [GivewayModule.forRoot(config, { name: 'reports' }), ScheduleModule.forRoot()], providers: [Jobs] })
class AppModule {}

void startApp(AppModule);
