/**
 * A Nest application that rewrites a table each second, whichever of its instances is first, and on demand. Start it twice, with
 * the same store, and each second has one run.
 *
 *     GIVEWAY_STORE=memcached://127.0.0.1:11211 npx tsx --tsconfig examples/nestjs/tsconfig.json examples/nestjs/app.ts
 */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import type { Lock, ResourceLocker } from 'giveway';
import { Locked } from 'giveway/decorators';
import { GivewayModule, InjectLocker, LockedCron } from 'giveway/nestjs';

@Injectable()
class VisitsService {
  @InjectLocker() private readonly locker!: ResourceLocker;

  @LockedCron('* * * * * *', { name: 'refresh-visits', scope: { writes: 'visits', reads: 'events' } })
  async refresh(lock: Lock): Promise<void> {
    await sleep(100, undefined, { signal: lock.signal });
    console.log(`${lock.job} has refreshed visits`);
  }

  @Locked('visits', { onBusy: 'retry' })
  async recount(account: string): Promise<string> {
    const [writer] = await this.locker.inspect('visits');
    return `recounted ${account} as ${writer?.job}`;
  }
}

@Module({
  imports: [ScheduleModule.forRoot(), GivewayModule.forRoot({ store: process.env['GIVEWAY_STORE'] ?? 'memory:' })],
  providers: [VisitsService],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
await sleep(2_500);
console.log(await app.get(VisitsService).recount('acme'));
await app.close();
console.log('closed');
