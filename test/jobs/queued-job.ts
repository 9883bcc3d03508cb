import type { Job } from 'bullmq';

/** A queue of which one job at a time can be looked up, and as much of a job as is asked for. */
export class QueuedJob {
  static all = new Map<string, QueuedJob>();
  static fromId = async (_queue: unknown, id: string): Promise<QueuedJob | undefined> => QueuedJob.all.get(id);
  readonly name = 'write';
  readonly queueName = 'etl';
  readonly opts = {};
  readonly timestamp = 0;
  attemptsStarted = 0;
  attemptsMade = 0;
  delay = 0;
  finishedOn: number | undefined;
  promotions = 0;
  /** `queue`: what BullMQ calls so is its worker. */
  constructor(
    readonly id: string,
    readonly queue: object = QueuedJob,
  ) {
    QueuedJob.all.set(id, this);
  }
  async moveToDelayed(timestamp: number): Promise<void> {
    this.delay = timestamp - Date.now();
  }
  async promote(): Promise<void> {
    this.delay = 0;
    this.promotions++;
  }
  /** As a worker gets it: a copy, at its next start. */
  start(): Job {
    this.attemptsStarted++;
    return Object.assign(Object.create(QueuedJob.prototype), this) as unknown as Job;
  }
  /** What the processor makes of that: its result, or the name of its error. */
  async startWith(processor: (job: Job, token?: string) => Promise<unknown>): Promise<unknown> {
    const started = this.start();
    return processor(started, 'token').catch((error: Error) => {
      this.delay = started.delay;
      return error.name;
    });
  }
}
