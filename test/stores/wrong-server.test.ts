import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ServiceName } from '../support/needs.ts';
import { memcachedServer, postgresServer, redisServer, type Server } from '../support/services.ts';
import { timed } from '../support/stopwatch.ts';
import { backends, whereThereIs } from './backends.ts';

const timeoutMs = 500;
const slackMs = 700;
const minute = 60_000;

/** What each store says of a server that is not its own: that it does not understand, and where to look. */
const says: readonly [RegExp, RegExp][] = [
  [/^memcached/, /does memcached listen there|does not speak memcached's|speak TLS on this port/],
  [/^redis/, /it does not answer as Redis does|the server closes every connection/],
  [/^postgres/, /is a server of another kind/],
  [/^mysql/, /it is a server of another kind/],
  [/^dynamodb/, /does not speak DynamoDB|no answer within|failed \((ECONNRESET|Error)\)/],
  [/^momento/, /Check the endpoint|no answer within/],
  [/^zookeeper/, /is it ZooKeeper that listens on this port/],
];

const strangers: readonly [string, ServiceName | undefined, () => Promise<Pick<Server, 'port' | 'stop'>>][] = [
  ['memcached', 'memcached', memcachedServer],
  ['redis', 'redis', redisServer],
  ['postgres', 'postgres', postgresServer],
  ['a web server', undefined, webServer],
];

async function webServer(): Promise<Pick<Server, 'port' | 'stop'>> {
  const server = createServer((_, response) => response.end('<h1>hello</h1>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { port: (server.address() as AddressInfo).port, stop };
}

describe.each(strangers)('on a port where %s answers', (kind, service, start) => {
  whereThereIs(service, () => {
    let stranger: Pick<Server, 'port' | 'stop'>;
    beforeAll(async () => {
      stranger = await start();
    }, 90_000);
    afterAll(() => stranger.stop());

    const others = backends.filter(({ name }) => !name.startsWith(kind));
    test.each(others.map(({ name, openOn }) => [name, openOn] as const))(
      'the store of %s says so, within the deadline',
      async (name, openOn) => {
        const message = says.find(([store]) => store.test(name))?.[1] as RegExp;
        const opened = await openOn(stranger.port, { timeoutMs });
        const { error, awakeMs } = await timed(opened.store.create('key', 'value', minute));
        expect(awakeMs).toBeLessThan(timeoutMs + slackMs);
        expect(error).toMatchObject({ name: 'StoreUnavailableError', message: expect.stringMatching(message) });
        await opened.close();
      },
    );
  });
});
