import { closingToo, etcdClient } from '../clients.ts';
import { type Backend, optionsIn } from './backend.ts';
import { clusterProblem, withDefaultPort } from './hosts.ts';

export const etcd: Backend = {
  example: 'etcd://user:password@host:2379,host2:2379',
  login: 'both or none',
  parameters: { prefix: 'text', timeoutMs: 'milliseconds' },
  problem: clusterProblem(2_379),
  open: async (url) => {
    const { etcdStore } = await import('../../stores/etcd/index.ts');
    const hosts = withDefaultPort(url, 2_379);
    const { client, end } = await etcdClient(
      hosts.map((host) => `${url.scheme === 'etcds' ? 'https' : 'http'}://${host}`),
      url.username,
      url.password,
    );
    return closingToo(end, () => etcdStore({ client, ...optionsIn(url, etcd) }));
  },
};
