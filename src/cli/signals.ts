const forwarded = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/** Takes over the signals that would end this process, until disposed. */
export function catchSignals(handle: (signal: NodeJS.Signals) => void): Disposable {
  for (const signal of forwarded) process.on(signal, handle);
  return {
    [Symbol.dispose]() {
      for (const signal of forwarded) process.off(signal, handle);
    },
  };
}
