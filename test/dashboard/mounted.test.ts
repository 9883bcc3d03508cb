import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import express from 'express';
import Fastify from 'fastify';
import { createDashboard, nodeListener, storeUnlock } from '../../src/dashboard/index.ts';
import type { View } from '../../src/dashboard/view.ts';
import { createLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

type Listener = ReturnType<typeof nodeListener>;

/** Each with the dashboard at `/locks`, as docs/dashboard.md mounts it, and beside it something of its own that reads JSON. */
const servers: Readonly<Record<string, (listener: Listener) => Promise<Server>>> = {
  async express(listener) {
    const app = express();
    app.use('/locks', listener);
    app.use(express.json());
    app.post('/echo', (request, response) => void response.json(request.body));
    return createServer(app);
  },
  async fastify(listener) {
    const app = Fastify();
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _body, done) => done(null));
      for (const path of ['/locks', '/locks/*']) {
        scope.all(path, (request, reply) => {
          reply.hijack();
          return listener(request.raw, reply.raw);
        });
      }
    });
    app.post('/echo', async (request) => request.body);
    await app.ready();
    return app.server;
  },
};

test.each(Object.keys(servers))('mounted in %s: the page, the stream, the login, and unlocking', async (name) => {
  const token = 'correct horse battery staple';
  const store = memoryStore();
  const locker = createLocker({ store, job: 'rollup' });
  const dashboard = createDashboard({ locker, resources: ['events'], token, unlock: storeUnlock({ store }), basePath: '/locks' });
  const server = await (servers[name] as (listener: Listener) => Promise<Server>)(nodeListener(dashboard));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await locker.lock('events');
    const answer = await fetch(`${url}/locks/login`, { method: 'POST', body: new URLSearchParams({ token }), redirect: 'manual' });
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, '/locks/']);
    const headers = { Cookie: (answer.headers.get('Set-Cookie') ?? '').split(';')[0] ?? '' };
    for (const path of ['/locks', '/locks/']) expect(await (await fetch(url + path, { headers })).text()).toContain('src="/locks/page.js"');

    const events = await fetch(`${url}/locks/api/events`, { headers });
    const { value } = (await events.body?.getReader().read()) ?? {};
    const { tables } = JSON.parse(new TextDecoder().decode(value).replace(/^data: /, '')) as View;
    expect(tables).toMatchObject([{ resource: 'events', state: 'held', holders: [{ job: 'rollup' }] }]);

    const removed = await fetch(`${url}/locks/api/unlock`, {
      method: 'POST',
      body: JSON.stringify({ resource: 'events', holders: tables[0]?.holders.map(({ id }) => id), confirm: 'events' }),
      headers: { ...headers, 'Content-Type': 'application/json', Origin: url },
    });
    expect([removed.status, await removed.json()]).toEqual([200, { outcome: 'removed' }]);

    const echo = { method: 'POST', body: '{"a":1}', headers: { 'Content-Type': 'application/json' } };
    expect(await (await fetch(`${url}/echo`, echo)).json()).toEqual({ a: 1 });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await locker.close();
  }
});
