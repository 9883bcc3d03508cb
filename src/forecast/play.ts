import { beforeNextFireMs } from '../jobs/guaranteed-fire.ts';
import type { Clashes } from './clashes.ts';
import { Events } from './events.ts';
import type { Job } from './jobs.ts';
import { gapMs, type Random } from './random.ts';
import type { Script } from './script.ts';
import { type Party, type Refusal, Table } from './table.ts';
import { Tally } from './tally.ts';

/** One request for all tables of a job. */
interface Request extends Party {
  readonly index: number;
  readonly askedMs: number;
  readonly deadlineMs: number;
  /** How many of its tables it has, in their order; it waits for the next one. */
  have: number;
  isWaiting: boolean;
}

type Event = { readonly atMs: number } & (
  | { readonly kind: 'fire'; readonly job: number; readonly instance: number; readonly nextMs: number }
  | { readonly kind: 'arrival'; readonly job: number }
  | { readonly kind: 'end'; readonly request: Request; readonly sinceMs: number }
  | { readonly kind: 'deadline'; readonly request: Request }
  | { readonly kind: 'look'; readonly table: Table }
);

/** Timers of processes that fire at once are late by some milliseconds each: who comes first is a matter of luck. */
const timersLateMs = 30;

/** A shortest hold counts so much longer for other hosts, whose clocks may be behind, and ends in the millisecond after. */
const minHoldPastMs = 2_001;

/** Plays the script once: the decisions are the lock's, the clock is a number, chance comes from `random`. */
export function play({ jobs, moments, fromMs, toMs }: Script, random: Random, clashes: Clashes): Tally {
  const events = new Events<Event>();
  const tables = new Map<string, Table>();
  const tally = new Tally(jobs.length);
  const waiting = new Map<string, Request>();
  const tablesOf = jobs.map(({ needs }) => needs.map(({ resource }) => tableOf(resource)));
  const holdOf = jobs.map(({ holds }) => holds.forPlay(random));
  const hostsOf = jobs.map(({ name, instances }) => Array.from({ length: instances }, (_, instance) => `${name} ${instance}`));
  let requests = 0;

  const plan = (event: Event): void => events.plan(event.atMs, event);

  for (const [job, { rhythm }] of jobs.entries()) if ('perHour' in rhythm) planArrival(job, rhythm.perHour, fromMs);

  let moment = 0;
  for (;;) {
    const next = moments[moment];
    if (next !== undefined && next.atMs <= events.nextMs) {
      moment++;
      for (const { job, instance, nextMs } of next.due)
        plan({ kind: 'fire', atMs: next.atMs + random() * timersLateMs, job, instance, nextMs });
      continue;
    }
    const event = events.take();
    if (event === undefined) return tally;
    happen(event);
  }

  function happen(event: Event): void {
    switch (event.kind) {
      case 'fire':
        return ask(event.job, event.instance, event.atMs, event.nextMs);
      case 'arrival': {
        const { rhythm } = jobs[event.job] as Job;
        if ('perHour' in rhythm) planArrival(event.job, rhythm.perHour, event.atMs);
        return ask(event.job, 0, event.atMs, Number.POSITIVE_INFINITY);
      }
      case 'end':
        return end(event.request, event.sinceMs, event.atMs);
      case 'deadline':
        return giveUp(event.request, event.atMs);
      case 'look':
        return letIn(event.table.look(event.atMs), event.atMs);
    }
  }

  function ask(index: number, instance: number, nowMs: number, nextMs: number): void {
    const { name, waits, maxWaitMs, waitsWithinPeriod } = jobs[index] as Job;
    const withinMs = waitsWithinPeriod ? nextMs - beforeNextFireMs - nowMs : Number.POSITIVE_INFINITY;
    const deadlineMs = nowMs + Math.max(0, Math.min(maxWaitMs, withinMs));
    const host = (hostsOf[index] as readonly string[])[instance] as string;
    const request: Request = { token: `${++requests}`, job: name, host, index, askedMs: nowMs, deadlineMs, have: 0, isWaiting: false };
    tally.fired(index);
    if (!waits) return takeAllOrSkip(request, nowMs);
    goOn(request, nowMs);
    if (request.isWaiting) plan({ kind: 'deadline', atMs: deadlineMs, request });
  }

  function takeAllOrSkip(request: Request, nowMs: number): void {
    const { needs } = jobs[request.index] as Job;
    const mine = tablesOf[request.index] as readonly Table[];
    for (const [at, need] of needs.entries()) {
      const table = mine[at] as Table;
      // Of several all are asked for before any is taken.
      const refusal = needs.length === 1 ? table.take(request, need, nowMs) : table.refusalOf(request, need, nowMs);
      if (refusal === undefined) continue;
      tally.skipped(request.index);
      return clash(request, need.resource, refusal);
    }
    if (needs.length === 1) request.have = 1;
    goOn(request, nowMs);
  }

  /** Takes what is free of what is missing, and waits for the first that is not, holding what it has. */
  function goOn(request: Request, nowMs: number): void {
    const { needs } = jobs[request.index] as Job;
    const mine = tablesOf[request.index] as readonly Table[];
    for (; request.have < needs.length; request.have++) {
      const need = needs[request.have] as Job['needs'][number];
      const table = mine[request.have] as Table;
      const refusal = table.take(request, need, nowMs);
      if (refusal === undefined) continue;
      table.lineUp(request, need, request.deadlineMs - nowMs, nowMs);
      request.isWaiting = true;
      waiting.set(request.token, request);
      return clash(request, need.resource, refusal);
    }
    const heldMs = Math.min((holdOf[request.index] as (atMs: number) => number)(nowMs), (jobs[request.index] as Job).maxHoldMs);
    tally.began(request.index, nowMs - request.askedMs);
    plan({ kind: 'end', atMs: nowMs + heldMs, request, sinceMs: nowMs });
  }

  function end(request: Request, sinceMs: number, nowMs: number): void {
    const untilMs = sinceMs + (jobs[request.index] as Job).minHoldMs;
    giveBack(request, nowMs, untilMs > nowMs ? untilMs : 0);
  }

  function giveBack(request: Request, nowMs: number, minHoldUntilMs: number): void {
    const { needs } = jobs[request.index] as Job;
    const mine = tablesOf[request.index] as readonly Table[];
    for (let at = 0; at < request.have; at++) {
      const table = mine[at] as Table;
      letIn(table.leave(request, needs[at] as Job['needs'][number], nowMs, minHoldUntilMs), nowMs);
      if (minHoldUntilMs > 0) plan({ kind: 'look', atMs: minHoldUntilMs + minHoldPastMs, table });
    }
  }

  function giveUp(request: Request, nowMs: number): void {
    if (!request.isWaiting) return;
    waiting.delete(request.token);
    request.isWaiting = false;
    const table = (tablesOf[request.index] as readonly Table[])[request.have] as Table;
    table.leaveLine(request);
    tally.skipped(request.index);
    giveBack(request, nowMs, 0);
    letIn(table.look(nowMs), nowMs);
  }

  function letIn(tokens: readonly string[], nowMs: number): void {
    for (const token of tokens) {
      const request = waiting.get(token);
      if (request === undefined) continue;
      waiting.delete(token);
      request.isWaiting = false;
      goOn(request, nowMs);
    }
  }

  function clash({ index, askedMs }: Request, table: string, { blockers, ahead }: Refusal): void {
    const by = (blockers[0] ?? ahead[0])?.job ?? '';
    clashes.add(index, by, table, askedMs);
  }

  function planArrival(job: number, perHour: readonly number[], nowMs: number): void {
    const most = Math.max(...perHour);
    if (most <= 0) return;
    for (let atMs = nowMs; ; ) {
      atMs += gapMs(most / 3_600_000, random);
      if (atMs >= toMs) return;
      if (random() * most < (perHour[Math.floor(atMs / 3_600_000) % 24] ?? 0)) return plan({ kind: 'arrival', atMs, job });
    }
  }

  function tableOf(resource: string): Table {
    const known = tables.get(resource) ?? new Table();
    tables.set(resource, known);
    return known;
  }
}
