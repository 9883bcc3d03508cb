/** Deliberate bugs in the core, one each: small patches that the simulator must notice. */
export interface Mutant {
  readonly name: string;
  /** Under `src/lock`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Does it break a promise, or cost only turns and requests? */
  readonly shows: 'violations' | 'cost';
}

export const mutants: readonly Mutant[] = [
  {
    name: 'append and read go together',
    file: 'decide.ts',
    find: "return held === asked && held !== 'write';",
    replace: "return held !== 'write' && asked !== 'write';",
    shows: 'violations',
  },
  {
    name: 'a deadline counts from the answer',
    file: 'claiming.ts',
    find: 'return version === undefined ? undefined : new Claim(context, key, entrant, record, version, monoMs, wallMs);',
    replace:
      'return version === undefined ? undefined : new Claim(context, key, entrant, record, version, monoMs + 2_000, wallMs + 2_000);',
    shows: 'violations',
  },
  {
    name: 'whoever finds another one in the record goes on',
    file: 'claim.ts',
    find: "!record.holders.some(({ token, minHold }) => token === this.token && !minHold)) return this.#lose('stolen');",
    replace: "false) return this.#lose('stolen');",
    shows: 'violations',
  },
  {
    name: 'nothing is renewed',
    file: 'upkeep.ts',
    find: 'const thirdMs = claim.ttlMs / 3;',
    replace: 'const thirdMs = claim.ttlMs * 3;',
    shows: 'violations',
  },
  {
    name: 'what was gained in vain is kept',
    file: 'acquire.ts',
    find: '  if (fault === undefined && refused === undefined) return taken;\n  await giveBack(taken);',
    replace: '  if (fault === undefined && refused === undefined) return taken;',
    shows: 'violations',
  },
  {
    name: 'a wait has no end',
    file: 'waiters.ts',
    find: 'clock.setTimer(giveUp, Math.max(wait.deadlineMonoMs - clock.monotonicMs(), 0));',
    replace: 'clock.setTimer(giveUp, Math.max(wait.deadlineMonoMs - clock.monotonicMs(), 0) + 3_600_000);',
    shows: 'violations',
  },
  {
    name: 'the shortest hold is forgotten',
    file: 'claim.ts',
    find: 'depart(this.#record, this.#entrant, clock.wallMs(), minHoldUntilMs);',
    replace: 'depart(this.#record, this.#entrant, clock.wallMs(), 0);',
    shows: 'violations',
  },
  {
    name: 'a loss is not told',
    file: 'held-lock.ts',
    find: "    events.emit('lost', () => ({",
    replace: "    if (this.#ended) events.emit('lost', () => ({",
    shows: 'violations',
  },
  {
    name: "a policy 'skip' runs",
    file: 'held-locks.ts',
    find: "if (down && request.options.onStoreDown === 'run')",
    replace: "if (down && request.options.onStoreDown !== 'throw')",
    shows: 'violations',
  },
  {
    name: 'a closed locker keeps its timers',
    file: 'locker.ts',
    find: '    this.#heartbeat.stop();\n',
    replace: '',
    shows: 'violations',
  },
  {
    name: 'looking without a pause',
    file: 'patience.ts',
    find: 'return Math.min(pauseMs, endsInMs > 0 ? endsInMs + 1 : Math.min(retry.maxDelayMs, clockSkewMs));',
    replace: 'return Math.min(pauseMs, endsInMs, 1);',
    shows: 'cost',
  },
  {
    name: 'nobody heeds who waits',
    file: 'taking.ts',
    find: '  const next = await from.wish.foreign();\n',
    replace: '  const next = (await from.wish.foreign(), undefined as Awaited<ReturnType<Wish["foreign"]>>);\n',
    shows: 'cost',
  },
];
