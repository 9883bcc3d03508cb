import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildWorker } from '../build.ts';
import type { Want } from './scope.ts';
import type { Request } from './server.ts';

/** In a process of its own, which ends with this one. */
export async function startIdealServer(): Promise<{ readonly port: number; stop(): void }> {
  const child = fork(fileURLToPath(await buildWorker('bench/ideal/server.ts')), { execArgv: [] });
  const [{ port }] = (await once(child, 'message')) as [AddressInfo];
  return { port, stop: () => void child.kill() };
}

/** Waits for all of `wants`; what it returns lets go, and resolves when that has been answered. */
export type TakeIdeal = (wants: readonly Want[]) => Promise<() => Promise<void>>;

export function idealClient(port: number): TakeIdeal {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const answered = new Map<number, () => void>();
  let lastId = 0;
  createInterface(socket).on('line', (id) => {
    const settle = answered.get(Number(id));
    answered.delete(Number(id));
    settle?.();
  });
  const ask = (request: Request): Promise<void> => {
    return new Promise((resolve) => {
      answered.set(request.id, resolve);
      socket.write(`${JSON.stringify(request)}\n`);
    });
  };
  return async (wants) => {
    const id = ++lastId;
    await ask({ id, wants });
    return () => ask({ id });
  };
}
