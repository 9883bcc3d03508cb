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
    file: 'record/decide.ts',
    find: 'holders.every((holder) => holder.mode === mode);',
    replace: "holders.every((holder) => holder.mode !== 'write');",
    shows: 'violations',
  },
  {
    name: 'newcomers do not heed the line',
    file: 'record/decide.ts',
    find: 'if (place === -1 && line.length === 0 && fits(',
    replace: 'if (place === -1 && fits(',
    shows: 'cost',
  },
  {
    name: 'limits are not counted',
    file: 'record/decide.ts',
    find: 'const places = Math.min(maxEntries, limit, ...holders.map((holder) => holder.limit ?? Number.POSITIVE_INFINITY));',
    replace: 'const places = Math.min(maxEntries, limit) && maxEntries;',
    shows: 'violations',
  },
  {
    name: 'sharers are struck out as soon as their time seems to be over',
    file: 'record/decide.ts',
    find: 'other.until + (other.minHold && other.host === host ? 0 : clockSkewMs) > clockMs',
    replace: 'other.until - 2 * clockSkewMs > clockMs',
    shows: 'violations',
  },
  {
    name: 'a deadline counts from the answer',
    file: 'machine/entering.ts',
    find: 'm.hold(new Stay(me, text, version, m.sent, now.monoMs), now);',
    replace: 'm.hold(new Stay(me, text, version, now, now.monoMs), now);',
    shows: 'violations',
  },
  {
    name: 'whoever was let in counts from when it saw that',
    file: 'machine/entering.ts',
    find: 'new Stay(granted, record, version, m.notBefore, now.monoMs)',
    replace: 'new Stay(granted, record, version, now, now.monoMs)',
    shows: 'violations',
  },
  {
    name: 'whoever finds another one in the record goes on',
    file: 'machine/renewing.ts',
    find: 'if (record === undefined || !record.holders.some(({ token, minHold }) => token === stay.token && !minHold))',
    replace: 'if (record === undefined)',
    shows: 'violations',
  },
  {
    name: 'a shortest hold is forgotten',
    file: 'machine/leaving.ts',
    find: 'minHoldUntilMs: now.wallMs + Math.ceil(m.minHoldLeftMs(now)),',
    replace: 'minHoldUntilMs: 0,',
    shows: 'violations',
  },
  {
    name: 'a third of the TTL is three',
    file: 'machine/renewing.ts',
    find: 'const thirdMs = stay.ttlMs / 3;',
    replace: 'const thirdMs = stay.ttlMs * 3;',
    shows: 'violations',
  },
  {
    name: 'a turn takes five seconds',
    file: 'machine/facts.ts',
    find: 'const turnMs = 64;',
    replace: 'const turnMs = 5_000;',
    shows: 'cost',
  },
  {
    name: 'whoever is handed over takes the entry of those beside it along',
    file: 'machine/handing.ts',
    find: '  if (m.seats.size === 1 && ',
    replace: '  if (m.seats.size >= 1 && ',
    shows: 'violations',
  },
  {
    name: 'a place in line is never withdrawn',
    file: 'machine/waiting.ts',
    find: '  if (m.lined === undefined && m.maybeLined === undefined) {\n',
    replace: '  m.forgetPlace();\n  if (m.lined === undefined && m.maybeLined === undefined) {\n',
    shows: 'violations',
  },
  {
    name: 'looking without a pause',
    file: 'machine/patience.ts',
    find: 'return Math.min(pauseMs, endsInMs > 0 ? endsInMs + 1 : Math.max(-endsInMs, retry.delayMs));',
    replace: 'return Math.min(pauseMs, endsInMs, 0);',
    shows: 'cost',
  },
  {
    name: 'whoever gives up before the wait begins is not heard',
    file: 'api/acquisition.ts',
    find: 'return this.#asker.closed() ?? (this.request.options.signal?.aborted === true ? this.#aborted() : undefined);',
    replace: 'return this.request.options.signal === undefined ? this.#asker.closed() : undefined;',
    shows: 'violations',
  },
  {
    name: 'the store is believed to be down beside a live holder',
    file: 'machine/seen.ts',
    find: 'const there = isOurs ? [...seen, stay.entrant] : seen;',
    replace: 'const there = seen;',
    shows: 'violations',
  },
  {
    name: 'what was gained in vain is kept',
    file: 'api/acquisition.ts',
    find: 'for (const seat of seats) seat.place.leave(seat, false, gaveBack);',
    replace: 'for (const _ of seats) gaveBack();',
    shows: 'violations',
  },
  {
    name: 'a wait has no end',
    file: 'api/acquisition.ts',
    find: 'this.#shell.waits.at(this, startedMonoMs + retry.maxWaitMs,',
    replace: 'this.#shell.waits.at(this, startedMonoMs + retry.maxWaitMs + 3_600_000,',
    shows: 'violations',
  },
  {
    name: 'work may begin on a lock that is over',
    file: 'api/acquisition.ts',
    find: 'if (!this.#seats.every((seat) => seat.isLive(now))) return this.#startAgain();',
    replace: 'if (this.#seats.length < 0) return this.#startAgain();',
    shows: 'violations',
  },
  {
    name: "a policy 'skip' runs",
    file: 'api/request.ts',
    find: "return isOutage(reason) && options.onStoreDown === 'run';",
    replace: "return isOutage(reason) && options.onStoreDown !== 'throw';",
    shows: 'violations',
  },
  {
    name: 'a loss is told twice',
    file: 'api/held-lock.ts',
    find: 'if (this.#ended || this.loss !== undefined) return;',
    replace: 'if (this.#ended) return;',
    shows: 'violations',
  },
];
