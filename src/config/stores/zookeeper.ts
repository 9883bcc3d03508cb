import { zookeeperClients } from '../clients.ts';
import { type Backend, optionsIn } from './backend.ts';
import { clusterProblem, withDefaultPort } from './hosts.ts';

export const zookeeper: Backend = {
  example: 'zookeeper://host:2181,host2:2181',
  parameters: { root: 'text', timeoutMs: 'milliseconds' },
  problem: (url) =>
    url.username === undefined ? clusterProblem(2_181)(url) : 'no user name is allowed; give the store a client of your own',
  open: async (url) => {
    const { zookeeperStore } = await import('../../stores/zookeeper/index.ts');
    const client = await zookeeperClients(withDefaultPort(url, 2_181).join(','));
    return zookeeperStore({ client, ...optionsIn(url, zookeeper) });
  },
};
