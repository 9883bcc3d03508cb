/**
 * A controller whose signal judges before it answers: a process that was stopped may run other callbacks before its
 * timers, so `aborted` and `throwIfAborted()` must not wait for them.
 */
export function judgedController(judge: () => void): AbortController {
  const controller = new AbortController();
  const { signal } = controller;
  Object.defineProperties(signal, {
    aborted: {
      get() {
        judge();
        return Reflect.get(AbortSignal.prototype, 'aborted', signal) as boolean;
      },
    },
    throwIfAborted: {
      value() {
        judge();
        AbortSignal.prototype.throwIfAborted.call(signal);
      },
    },
  });
  return controller;
}
