import { withoutParameters } from '../store-url.ts';
import { type Backend, optionsIn } from './backend.ts';
import { hostProblem } from './hosts.ts';

export const postgres: Backend = {
  example: 'postgres://user:password@host:5432/database',
  login: 'any',
  parameters: { table: 'text', createTable: 'true or false', listen: 'true or false', timeoutMs: 'milliseconds' },
  passesOn: true,
  problem: (url) => hostProblem(url, 5_432),
  open: async (url) => {
    const { postgresStore } = await import('../../stores/postgres/index.ts');
    const connectionString = withoutParameters(url, Object.keys(postgres.parameters));
    return postgresStore({ connectionString, ...optionsIn(url, postgres) });
  },
};
