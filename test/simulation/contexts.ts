import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Crashed processes never close their lockers, whose contexts then slow every promise of this one. Until the end of the
 * world notes which are in use, and then disables them.
 */
export function gatherContexts(): () => void {
  const used = new Set<AsyncLocalStorage<unknown>>();
  const { run } = AsyncLocalStorage.prototype;
  AsyncLocalStorage.prototype.run = function (this: AsyncLocalStorage<unknown>, ...args: Parameters<typeof run>) {
    used.add(this);
    return Reflect.apply(run, this, args);
  } as typeof run;
  return () => {
    AsyncLocalStorage.prototype.run = run;
    for (const context of used) context.disable();
  };
}
