import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions } from 'bullmq';

type Processor = NonNullable<ConstructorParameters<typeof Worker>[1]>;

/** Where a queue lives: `redis://…` or `postgres://…`, and a prefix or schema of its own. */
export interface Place {
  readonly url: string;
  readonly prefix: string;
}

export function openQueue(place: Place): Queue {
  const { connection, prefix } = parts(place);
  return isPostgres(place)
    ? new Queue('jobs', { connection } as QueueOptions, createPostgresBackend as never)
    : new Queue('jobs', { connection, prefix } as QueueOptions);
}

export function openWorker(place: Place, processor: Processor, options: Partial<WorkerOptions> = {}): Worker {
  const { connection, prefix } = parts(place);
  const worker = isPostgres(place)
    ? new Worker('jobs', processor, { ...options, connection } as WorkerOptions, createPostgresBackend as never)
    : new Worker('jobs', processor, { ...options, connection, prefix } as WorkerOptions);
  worker.on('error', () => {});
  return worker;
}

function isPostgres({ url }: Place): boolean {
  return url.startsWith('postgres');
}

function parts({ url, prefix }: Place): { connection: object; prefix: string } {
  if (url.startsWith('postgres')) {
    const [connectionString] = url.split('?');
    return { connection: { connectionString, schema: prefix, migrate: true }, prefix };
  }
  const { hostname: host, port } = new URL(url);
  return { connection: { host, port: Number(port), maxRetriesPerRequest: null }, prefix };
}
