import { withoutParameters } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';
import { hostProblem } from './hosts.ts';

export const mysql: Backend = {
  example: 'mysql://user:password@host:3306/database',
  login: 'any',
  parameters: { table: 'text', createTable: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => (url.authority === '' ? 'a host must follow' : hostProblem(url, 3_306)),
  open: async (url) => {
    const { mysqlStore } = await import('../../stores/mysql/index.ts');
    const uri = withoutParameters(url, Object.keys(mysql.parameters)).replace(/^mariadb:/i, 'mysql:');
    return mysqlStore({ uri, ...optionsIn(url, mysql) });
  },
};
