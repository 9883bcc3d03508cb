/** A schedule that begins a moment after a fire: `cron` runs it at once, before Nest has registered the job. */
import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { CronTime } from 'cron';
import { GivewayModule, LockedCron } from 'giveway/nestjs';
import { env, tell } from './tell.js';

const { getTimeout } = CronTime.prototype;
CronTime.prototype.getTimeout = () => {
  CronTime.prototype.getTimeout = getTimeout;
  return -4;
};

@Injectable()
class Jobs {
  @LockedCron('0 0 1 1 *', { name: 'yearly', scope: 'visits', guarantee: 'no-overlap' })
  yearly(): void {
    tell('ran');
  }
}

@Module({
  imports: [GivewayModule.forRoot({ store: env('MEMCACHED'), namespace: env('NAMESPACE') }), ScheduleModule.forRoot()],
  providers: [Jobs],
})
class AppModule {}

async function main(): Promise<void> {
  await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
}
void main();
