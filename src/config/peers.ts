/**
 * Optional packages. Each `import` stands in a `try` of its own: there bundlers leave a package that is not installed to the run
 * time, where they would stop elsewhere.
 */
import { GivewayError } from '../lock/errors.ts';

/** `undefined` where it is not installed: there is another one. */
export async function loadIoredis(): Promise<Pick<typeof import('ioredis'), 'Redis'> | undefined> {
  try {
    return await import('ioredis');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function loadRedis(): Promise<typeof import('redis')> {
  try {
    return await import('redis');
  } catch (error) {
    throw explained(error, 'ioredis', 'redis');
  }
}

export async function loadDynamodb(): Promise<typeof import('@aws-sdk/client-dynamodb')> {
  try {
    return await import('@aws-sdk/client-dynamodb');
  } catch (error) {
    throw explained(error, '@aws-sdk/client-dynamodb');
  }
}

export async function loadMomento(): Promise<typeof import('@gomomento/sdk')> {
  try {
    return await import('@gomomento/sdk');
  } catch (error) {
    throw explained(error, '@gomomento/sdk');
  }
}

export async function loadEtcd3(): Promise<typeof import('etcd3')> {
  try {
    return await import('etcd3');
  } catch (error) {
    throw explained(error, 'etcd3');
  }
}

export async function loadZookeeper(): Promise<typeof import('node-zookeeper-client')> {
  try {
    return await import('node-zookeeper-client');
  } catch (error) {
    throw explained(error, 'node-zookeeper-client');
  }
}

export async function loadPg(): Promise<Pick<typeof import('pg'), 'Client' | 'Pool'>> {
  try {
    return (await import('pg')).default;
  } catch (error) {
    throw explained(error, 'pg');
  }
}

/** Of a package that is missing: which one to install. `other` would do as well. */
function explained(cause: unknown, name: string, other?: string): unknown {
  if (!isMissing(cause)) return cause;
  return new GivewayError(
    'ERR_GIVEWAY_PEER_MISSING',
    `it needs the package ${name}${other === undefined ? '' : ` or ${other}`}: npm install ${name}`,
    { cause },
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND');
}
