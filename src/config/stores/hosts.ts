/** The hosts in a store URL. What is wrong with them is told in words that repeat nothing of the URL. */
import { hostsOf, type StoreUrl } from '../store-url.ts';

export function clusterProblem(defaultPort: number): (url: StoreUrl) => string | undefined {
  return (url) => {
    const hosts = hostsOf(url, defaultPort);
    if (typeof hosts === 'string') return hosts;
    return url.path.length > 1 ? 'nothing but parameters may follow the hosts' : undefined;
  };
}

export function withDefaultPort(url: StoreUrl, defaultPort: number): readonly string[] {
  return url.authority.split(',').map((host) => (/:\d+$/.test(host) ? host : `${host}:${defaultPort}`));
}

/** A host is not needed: sockets and defaults go by other ways. */
export function hostProblem(url: StoreUrl, defaultPort: number): string | undefined {
  if (!url.text.slice(url.scheme.length).startsWith('://')) return `write ${url.scheme}://`;
  const hosts = url.authority === '' ? [] : hostsOf(url, defaultPort);
  if (typeof hosts === 'string') return hosts;
  return hosts.length > 1 ? 'one host is allowed' : undefined;
}

/** What ioredis cannot read as the number of a database it reads as another one, or as NaN, of which it dies. */
export function redisProblem(url: StoreUrl): string | undefined {
  const parameter = url.parameters.get('db');
  if (parameter !== undefined && url.path.length > 1) return 'the number of a database may be given once';
  if (!/^(?:\/(?:\d{1,9}\/?)?)?$/.test(url.path) || !/^\d{1,9}$/.test(parameter ?? '0'))
    return 'the number of a database may follow the host, such as /0, and nothing else';
  return hostProblem(url, 6_379);
}
