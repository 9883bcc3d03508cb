import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Dashboard } from './dashboard.ts';

/**
 * The dashboard for servers that hand out Node's own request and response: `node:http`, express, fastify. The body must not have
 * been read before. Never rejects.
 */
export function nodeListener(dashboard: Dashboard): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const listener = getRequestListener(dashboard);
  return async (request, response) => void (await listener(request, response));
}
