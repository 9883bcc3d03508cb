/** One instance of a fleet: a worker of a queue, whose jobs write tables under locks. SIGTERM ends it. */
import 'reflect-metadata';
import { setTimeout as sleep } from 'node:timers/promises';
import { BullModule, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, Module, Scope } from '@nestjs/common';
import type { Job } from 'bullmq';
import { GivewayModule, LockedProcess } from 'giveway/nestjs';
import { startApp } from './start.js';
import { env, tell } from './tell.js';

interface Write {
  readonly table: string;
  readonly workMs: number;
}

/** Whoever injects it is made anew for each job, where it is: `@nestjs/bullmq` keeps the worker all the same. */
@Injectable({ scope: env('MADE') === 'per job' ? Scope.REQUEST : Scope.DEFAULT })
class Tenant {}

@Processor('writes', { concurrency: 3 })
class Writes extends WorkerHost {
  constructor(readonly tenant: Tenant) {
    super();
  }

  @LockedProcess((job: Job<Write>) => job.data.table, { retry: { delayMs: 50, maxDelayMs: 200 } })
  async process(job: Job<Write>, _token?: string, signal?: AbortSignal): Promise<string> {
    const { table, workMs } = job.data;
    const began = performance.timeOrigin + performance.now();
    tell('began', { id: job.id, table });
    await sleep(workMs);
    const ended = performance.timeOrigin + performance.now();
    tell('ran', { id: job.id, table, began, ended, attemptsMade: job.attemptsMade, isAborted: signal?.aborted });
    return table;
  }
}

const { hostname: host, port } = new URL(env('REDIS'));
const giveway = GivewayModule.forRoot({ store: env('MEMCACHED'), namespace: env('NAMESPACE') });
const queues = [
  BullModule.forRoot({ connection: { host, port: Number(port) }, prefix: env('PREFIX') }),
  BullModule.registerQueue({ name: 'writes' }),
];

@Module({ imports: env('ORDER') === 'queues first' ? [...queues, giveway] : [giveway, ...queues], providers: [Tenant, Writes] })
class AppModule {}

void startApp(AppModule);
