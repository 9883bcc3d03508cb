import type { AddressInfo } from 'node:net';
import { createAdaptorServer, type ServerType } from '@hono/node-server';
import { InvalidOptionError } from '../lock/errors.ts';
import { createDashboard } from './dashboard.ts';
import { checkNames, type DashboardOptions, optionNames } from './options.ts';

export interface ServeOptions extends Omit<DashboardOptions, 'basePath'> {
  /** The address to listen on. Default `'127.0.0.1'`. Any but `127.0.0.1`, `::1` and `localhost` needs a `token`. */
  readonly host?: string;
  /** Default 4440; 0 for a free one. */
  readonly port?: number;
}

export interface DashboardServer extends AsyncDisposable {
  readonly url: string;
  /** Ends open connections too. */
  close(): Promise<void>;
}

const serveOptionNames = [...optionNames.filter((name) => name !== 'basePath'), 'host', 'port'];
const loopback = new Set(['127.0.0.1', '::1', 'localhost']);

/** Serves the dashboard over HTTP. Rejects with `InvalidOptionError`, or when the port cannot be had. */
export async function serveDashboard(asked: ServeOptions): Promise<DashboardServer> {
  checkNames(asked, serveOptionNames);
  const { host = '127.0.0.1', port = 4440, ...options } = asked;
  if (!loopback.has(host) && options.token === undefined)
    throw new InvalidOptionError(
      'host',
      host,
      'without a `token` (for the command: GIVEWAY_DASHBOARD_TOKEN) only 127.0.0.1, ::1 and localhost are allowed',
    );
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
    throw new InvalidOptionError('port', port, 'a port from 0 to 65535 is allowed');
  const dashboard = createDashboard(options);
  // Another site may name itself for this address (DNS rebinding) and read what needs no token.
  const isWelcome = ({ url }: Request): boolean =>
    options.token !== undefined || loopback.has(new URL(url).hostname.replace(/^\[|\]$/g, ''));
  const server = createAdaptorServer({
    fetch: (request: Request) => (isWelcome(request) ? dashboard(request) : new Response('Ask for localhost.', { status: 421 })),
  });
  await listening(server, host, port);
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      if ('closeAllConnections' in server) server.closeAllConnections();
    });
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${name}:${(server.address() as AddressInfo).port}/`, close, [Symbol.asyncDispose]: close };
}

function listening(server: ServerType, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
