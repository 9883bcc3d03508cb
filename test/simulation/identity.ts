import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { createLocker, InvalidOptionError, type LockerOptions, type ResourceLocker } from '../../src/index.ts';
import { memoryStore } from '../../src/stores/memory.ts';

/** Does the core know `limits` per table? */
export const takesLimits: boolean = accepts({ resources: { probe: { limits: { appends: 1 } } } });
const takesHost: boolean = accepts({ host: 'probe' });

/** A locker of a process that believes to be `pid` on `host`: by the option, or else by what Node says while it is made. */
export function createLockerAs({ host, pid }: { readonly host: string; readonly pid: number }, options: LockerOptions): ResourceLocker {
  const [hostname, truePid] = [os.hostname, Object.getOwnPropertyDescriptor(process, 'pid') as PropertyDescriptor];
  os.hostname = () => host;
  syncBuiltinESMExports();
  Object.defineProperty(process, 'pid', { ...truePid, value: pid });
  try {
    return createLocker(takesHost ? ({ ...options, host } as LockerOptions) : options);
  } finally {
    os.hostname = hostname;
    syncBuiltinESMExports();
    Object.defineProperty(process, 'pid', truePid);
  }
}

function accepts(options: object): boolean {
  try {
    createLocker({ store: memoryStore(), ...options } as LockerOptions);
    return true;
  } catch (error) {
    if (error instanceof InvalidOptionError) return false;
    throw error;
  }
}
