import { connect } from 'node:net';
import type { Backend, Urls } from './contender.mts';

/** How many requests a server has answered so far, by its own count. */
export async function requestCount(backend: Backend, urls: Urls): Promise<number> {
  if (backend === 'memcached') {
    const [host = '', port] = urls.memcached.split(':');
    const stats = await ask(host, Number(port), 'stats\r\n', 'END\r\n');
    return ['cmd_get', 'cmd_set', 'delete_hits', 'delete_misses'].reduce(
      (sum, name) => sum + Number(new RegExp(`STAT ${name} (\\d+)`).exec(stats)?.[1]),
      0,
    );
  }
  if (backend === 'redis') {
    const { hostname, port } = new URL(urls.redis);
    return Number(/total_commands_processed:(\d+)/.exec(await ask(hostname, Number(port), 'info stats\r\n', 'io_threaded'))?.[1]);
  }
  return Number.NaN;
}

function ask(host: string, port: number, request: string, end: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect(port, host, () => socket.write(request));
    socket.on('error', reject).on('data', (chunk) => {
      reply += chunk;
      if (!reply.includes(end)) return;
      socket.destroy();
      resolve(reply);
    });
  });
}
