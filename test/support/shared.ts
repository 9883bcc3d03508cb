/**
 * A running server that any test file may use beside others, for tests that need no server of their own.
 *
 * ```ts
 * describeWith('memcached', (service) => {
 *   test('…', async () => {
 *     const store = memcachedStore({ servers: service.url });
 *     const locker = createLocker({ store, namespace: service.prefix });
 *   });
 * });
 * ```
 *
 * `service.url` and `service.prefix` are there from `beforeAll` on, not while `describe` collects. `service.prefix` is
 * new for each `describeWith`; on postgres it is also a schema of its own, first in the search path of `service.url`,
 * dropped at the end. Where the server cannot be had, these tests are skipped and the setup says what to run;
 * with `GIVEWAY_INSTALL=1` or `CI` set, a server that cannot be had fails the run.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { needs, type ServiceName } from './needs.ts';
import { query } from './services.ts';

export interface Service {
  /** `host:port` for memcached and ZooKeeper, `redis://…`, `postgres://…`, `http://…`; for chromium, maven and python the program's path. */
  readonly url: string;
  /** Lower-case letters, digits and `_`: a key prefix, namespace or schema of this `describeWith` alone. */
  readonly prefix: string;
}

/** `describe` for tests that need a service: skipped, all of them, where it cannot be had. */
export function describeWith(name: ServiceName, body: (service: Service) => void): void {
  const describeOrSkip = missingServices().includes(name) ? describe.skip : describe;
  describeOrSkip(`with ${name}`, () => {
    const prefix = uniqueName();
    let url: string | undefined;
    beforeAll(async () => {
      const address = await serviceUrl(name);
      if (name === 'postgres') await query(address, `create schema ${prefix}`);
      url = name === 'postgres' ? inSchema(address, prefix) : address;
    }, 90_000);
    body({
      prefix,
      get url() {
        if (url === undefined) throw new Error('service.url is known from beforeAll on; use it inside a test or a hook');
        return url;
      },
    });
    if (name === 'postgres') afterAll(async () => query(await serviceUrl(name), `drop schema ${prefix} cascade`));
  });
}

/** The address of a shared service. The first who asks has it started. */
async function serviceUrl(name: ServiceName): Promise<string> {
  const given = process.env[needs[name].variable];
  if (given) return given;
  const socket = connect(Number(process.env.GIVEWAY_TEST_BROKER), '127.0.0.1');
  socket.write(`${name}\n`);
  const answer = JSON.parse(await text(socket)) as { url: string } | { error: string };
  if ('error' in answer) throw new Error(answer.error);
  return answer.url;
}

/** A name nobody else uses: for keys, namespaces, schemas, tables. Lower-case letters, digits and `_`. */
export function uniqueName(label = 't'): string {
  return `${label}_${process.pid.toString(36)}_${randomBytes(5).toString('hex')}`;
}

/** `url` with `schema` first in its search path. */
function inSchema(url: string, schema: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', `-c search_path=${schema}`);
  return changed.href;
}

/** What the setup could not find. */
function missingServices(): string[] {
  return (process.env.GIVEWAY_TEST_MISSING ?? '').split(',');
}
