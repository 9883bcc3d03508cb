import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * - `lost`: applied, then the connection breaks instead of an answer.
 * - `silent`: applied, and never answered.
 * - `failed`: applied, and answered with a 500.
 * - `unheard`: neither applied nor answered.
 * - `throttled`, `denied`, `unknown-token`: refused with DynamoDB's error, not applied.
 */
export type FrontFault = 'lost' | 'silent' | 'failed' | 'unheard' | 'throttled' | 'denied' | 'unknown-token';

/**
 * An HTTP server between a client and dynalite. It counts requests, breaks them to order, and adds what dynalite
 * leaves out: the item that made a condition fail (`ReturnValuesOnConditionCheckFailure: ALL_OLD`).
 */
export interface Front {
  readonly url: string;
  /** The operations that arrived since `forget`, the SDK's resends too: `PutItem`, `GetItem`, … */
  readonly operations: readonly string[];
  forget(): void;
  /** The next `times` requests (default 1) for `operation` meet `fault`. */
  break(operation: string, fault: FrontFault, times?: number): void;
  /** Takes back the faults that have not been met. */
  heal(): void;
  close(): Promise<void>;
}

const refusals: Partial<Record<FrontFault, { type: string; message: string }>> = {
  throttled: { type: 'ProvisionedThroughputExceededException', message: 'The level of configured provisioned throughput was exceeded.' },
  denied: { type: 'AccessDeniedException', message: 'User: somebody is not authorized.' },
  'unknown-token': { type: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' },
};

export async function startFront(dynamoUrl: string): Promise<Front> {
  let operations: string[] = [];
  let faults: { operation: string; fault: FrontFault; times: number }[] = [];

  function nextFault(operation: string): FrontFault | undefined {
    const met = faults.find((each) => each.operation === operation);
    if (met === undefined) return undefined;
    met.times -= 1;
    if (met.times === 0) faults = faults.filter((each) => each !== met);
    return met.fault;
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const body = await buffer(request);
    operations.push(operation);
    const fault = nextFault(operation);
    const refusal = fault && refusals[fault];
    if (refusal) return answer(response, 400, { __type: `com.amazonaws.dynamodb.v20120810#${refusal.type}`, message: refusal.message });
    if (fault === 'unheard') return;
    const headers = headersOf(request);
    const upstream = await fetch(dynamoUrl, { method: 'POST', headers, body });
    const reply = (await upstream.json()) as Record<string, unknown>;
    if (fault === 'silent') return;
    if (fault === 'lost') return void request.socket.resetAndDestroy();
    if (fault === 'failed') return answer(response, 500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'oh' });
    const asked = JSON.parse(String(body)) as Record<string, unknown>;
    if (String(reply.__type).endsWith('ConditionalCheckFailedException') && asked.ReturnValuesOnConditionCheckFailure === 'ALL_OLD') {
      const item = await found(dynamoUrl, headers, asked);
      if (item !== undefined) reply.Item = item;
    }
    answer(response, upstream.status, reply);
  }

  const server = createServer((request, response) => void serve(request, response).catch(() => request.socket.destroy()));
  server.keepAliveTimeout = 0; // as of dynalite: who comes back after five idle seconds is not hung up on
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get operations() {
      return operations;
    },
    forget: () => {
      operations = [];
    },
    break: (operation, fault, times = 1) => void faults.push({ operation, fault, times }),
    heal: () => {
      faults = [];
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const names = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];
  return Object.fromEntries(names.map((name) => [name, String(request.headers[name])]));
}

/** The tests' tables have the key `key`, and `range` where there is a sort key. */
async function found(url: string, headers: Record<string, string>, asked: Record<string, unknown>): Promise<unknown> {
  const from = (asked.Key ?? asked.Item) as Record<string, unknown>;
  const key = Object.fromEntries(Object.entries(from).filter(([name]) => name === 'key' || name === 'range'));
  const body = JSON.stringify({ TableName: asked.TableName, Key: key, ConsistentRead: true });
  const reply = await fetch(url, { method: 'POST', headers: { ...headers, 'x-amz-target': 'DynamoDB_20120810.GetItem' }, body });
  return ((await reply.json()) as { Item?: unknown }).Item;
}
