import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { type DynamoClient, dynamodbStore } from '../../../src/stores/dynamodb/index.ts';

type Answers = Record<string, unknown>;

/** Answers by the operation's name, a list one after another; an Error is thrown. dynalite knows no TTL, so what is sent for it is watched here. */
function scriptedClient(answers: Answers): { client: DynamoClient; sent: { operation: string; input: Record<string, unknown> }[] } {
  const sent: { operation: string; input: Record<string, unknown> }[] = [];
  const send = async (command: { constructor: { name: string }; input: Record<string, unknown> }): Promise<unknown> => {
    const operation = command.constructor.name.replace('Command', '');
    sent.push({ operation, input: command.input });
    const scripted = answers[operation] ?? {};
    const answer: unknown = Array.isArray(scripted) ? scripted.shift() : scripted;
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { client: { send: send as DynamoClient['send'] }, sent };
}

function refusal(name: string): Error {
  return Object.assign(new Error(name), { name, $fault: 'client' });
}

const active = { Table: { TableStatus: 'ACTIVE' } };
const off = { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } };
const on = { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED' } };

describe('createTable', () => {
  test('creates an on-demand table with string keys, waits for it, and gives its TTL our attribute', async () => {
    const { client, sent } = scriptedClient({ DescribeTable: active, DescribeTimeToLive: off });
    await dynamodbStore({ client, tableName: 'locks', sortKeyName: 'range' }).createTable();
    expect(sent.map(({ operation }) => operation)).toEqual(['CreateTable', 'DescribeTable', 'DescribeTimeToLive', 'UpdateTimeToLive']);
    expect(sent[0]?.input).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'key', KeyType: 'HASH' },
        { AttributeName: 'range', KeyType: 'RANGE' },
      ],
    });
    expect(sent[3]?.input).toMatchObject({ TimeToLiveSpecification: { Enabled: true, AttributeName: 'expiresAtSeconds' } });
  });

  test('leaves a table that is there, and a TTL that is on, as they are', async () => {
    const { client, sent } = scriptedClient({
      CreateTable: refusal('ResourceInUseException'),
      DescribeTable: active,
      DescribeTimeToLive: on,
    });
    await dynamodbStore({ client, tableName: 'locks' }).createTable();
    expect(sent.map(({ operation }) => operation)).toEqual(['CreateTable', 'DescribeTable', 'DescribeTimeToLive']);
  });

  test('touches no TTL when told so', async () => {
    const { client, sent } = scriptedClient({ DescribeTable: active });
    await dynamodbStore({ client, tableName: 'locks' }).createTable({ timeToLive: false });
    expect(sent.map(({ operation }) => operation)).toEqual(['CreateTable', 'DescribeTable']);
  });

  test('another process that turned the TTL on meanwhile is no failure', async () => {
    const { client, sent } = scriptedClient({
      DescribeTable: active,
      DescribeTimeToLive: [off, { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLING' } }],
      UpdateTimeToLive: refusal('ValidationException'),
    });
    await dynamodbStore({ client, tableName: 'locks' }).createTable();
    expect(sent.at(-1)?.operation).toBe('DescribeTimeToLive');
    const { client: refused } = scriptedClient({
      DescribeTable: active,
      DescribeTimeToLive: off,
      UpdateTimeToLive: refusal('ValidationException'),
    });
    await expect(dynamodbStore({ client: refused, tableName: 'locks' }).createTable()).rejects.toThrow(/UpdateTimeToLive on table "locks"/);
  });

  describe('at an endpoint that never answers', () => {
    afterEach(() => void jest.useRealTimers());

    test.each(['CreateTable', 'DescribeTable', 'UpdateTimeToLive'])(
      '%s: an error after a minute, and nothing is left under way',
      async (silent) => {
        const { client } = scriptedClient({ DescribeTable: active, DescribeTimeToLive: off });
        let aborted = false;
        const send = ((command: { constructor: { name: string } }, options?: { abortSignal?: AbortSignal }) => {
          if (command.constructor.name !== `${silent}Command`) return client.send(command as never);
          options?.abortSignal?.addEventListener('abort', () => {
            aborted = true;
          });
          return new Promise<never>(() => {});
        }) as DynamoClient['send'];
        await import('@aws-sdk/client-dynamodb');
        jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
        const failed = dynamodbStore({ client: { send }, tableName: 'locks' })
          .createTable()
          .catch((error: unknown) => error);
        await new Promise((resolve) => setImmediate(resolve));
        await jest.advanceTimersByTimeAsync(60_000);
        expect(await failed).toMatchObject({ name: 'StoreUnavailableError', code: 'ERR_GIVEWAY_STORE_TIMEOUT' });
        expect(aborted).toBe(true);
      },
    );
  });

  test('says what the role lacks', async () => {
    const { client } = scriptedClient({
      DescribeTable: active,
      DescribeTimeToLive: off,
      UpdateTimeToLive: refusal('AccessDeniedException'),
    });
    await expect(dynamodbStore({ client, tableName: 'locks' }).createTable()).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      message: expect.stringMatching(/role needs dynamodb:UpdateTimeToLive/),
    });
  });
});
