import { closingToo, dynamodbClient } from '../clients.ts';
import { type Backend, optionsIn } from './backend.ts';

export const dynamodb: Backend = {
  example: 'dynamodb://table?region=eu-west-1',
  login: 'none',
  parameters: {
    region: 'text',
    endpoint: 'text',
    layout: 'text',
    partitionKeyName: 'text',
    sortKeyName: 'text',
    sortKeyValue: 'text',
    timeoutMs: 'milliseconds',
  },
  problem: ({ authority, path }) =>
    /^[\w.-]{3,255}$/.test(authority) && path === ''
      ? undefined
      : 'a table\'s name of 3 to 255 letters, digits, "_", "-" and "." must follow',
  open: async (url) => {
    const { dynamodbStore } = await import('../../stores/dynamodb/index.ts');
    const { client, end } = await dynamodbClient(url.parameters.get('region'), url.parameters.get('endpoint'));
    const options = optionsIn(url, dynamodb, ['region', 'endpoint']);
    return closingToo(end, () => dynamodbStore({ client, tableName: url.authority, ...options }));
  },
};
