import { zookeeperClients } from '../clients.ts';
import { type Backend, optionsIn } from './backend.ts';
import { clusterProblem, withDefaultPort } from './hosts.ts';

export const zookeeper: Backend = {
  example: 'zookeeper://host:2181,host2:2181',
  login: 'none',
  parameters: { root: 'text', timeoutMs: 'milliseconds' },
  problem: (url) => (url.authority.includes('[') ? 'its client knows no IPv6 addresses: write a name' : clusterProblem(2_181)(url)),
  open: async (url) => {
    const { zookeeperStore } = await import('../../stores/zookeeper/index.ts');
    const client = await zookeeperClients(withDefaultPort(url, 2_181).join(','));
    return zookeeperStore({ client, ...optionsIn(url, zookeeper) });
  },
};
