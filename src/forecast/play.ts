import { beforeNextFireMs } from '../jobs/guaranteed-fire.ts';
import type { Need } from '../lock/options.ts';
import type { Clashes } from './clashes.ts';
import { Events } from './events.ts';
import type { Job } from './jobs.ts';
import { gapMs, type Random } from './random.ts';
import { hostOf, type Script } from './script.ts';
import { type Party, type Refusal, Table } from './table.ts';
import { Tally } from './tally.ts';

/** A job, and what is its own in one play. */
interface Player {
  readonly job: Job;
  /** Among the jobs of the script. */
  readonly index: number;
  /** In the order in which they are taken. */
  readonly wants: readonly Want[];
  readonly holdMsAt: (atMs: number) => number;
}

interface Want {
  readonly need: Need;
  readonly table: Table;
}

/** One request for all tables of a job. */
interface Request extends Party {
  readonly player: Player;
  readonly askedMs: number;
  readonly deadlineMs: number;
  /** How many of its tables it has, in their order. */
  have: number;
  waitsFor: Table | undefined;
}

type Event = { readonly atMs: number } & (
  | { readonly kind: 'fire'; readonly player: Player; readonly host: string; readonly nextMs: number }
  | { readonly kind: 'arrival'; readonly player: Player }
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
  const players = jobs.map((job, index): Player => {
    const wants = job.needs.map((need) => ({ need, table: tableOf(need.resource) }));
    return { job, index, wants, holdMsAt: job.holds.forPlay(random) };
  });
  let requests = 0;

  const plan = (event: Event): void => events.plan(event.atMs, event);

  for (const player of players) planArrival(player, fromMs);

  let moment = 0;
  for (;;) {
    const next = moments[moment];
    if (next !== undefined && next.atMs <= events.nextMs) {
      moment++;
      for (const { job, host, nextMs } of next.due)
        plan({ kind: 'fire', atMs: next.atMs + random() * timersLateMs, player: players[job] as Player, host, nextMs });
      continue;
    }
    const event = events.take();
    if (event === undefined) return tally;
    happen(event);
  }

  function happen(event: Event): void {
    switch (event.kind) {
      case 'fire':
        return ask(event.player, event.host, event.atMs, event.nextMs);
      case 'arrival':
        planArrival(event.player, event.atMs);
        return ask(event.player, hostOf(event.player.job.name, 0), event.atMs, Number.POSITIVE_INFINITY);
      case 'end':
        return end(event.request, event.sinceMs, event.atMs);
      case 'deadline':
        return giveUp(event.request, event.atMs);
      case 'look':
        return letIn(event.table.look(event.atMs), event.atMs);
    }
  }

  function ask(player: Player, host: string, nowMs: number, nextMs: number): void {
    const { name, waits, maxWaitMs, waitsWithinPeriod } = player.job;
    const withinMs = waitsWithinPeriod ? nextMs - beforeNextFireMs - nowMs : Number.POSITIVE_INFINITY;
    const deadlineMs = nowMs + Math.max(0, Math.min(maxWaitMs, withinMs));
    const request: Request = { token: `${++requests}`, job: name, host, player, askedMs: nowMs, deadlineMs, have: 0, waitsFor: undefined };
    tally.fired(player.index);
    if (!waits) return takeAllOrSkip(request, nowMs);
    goOn(request, nowMs);
    if (request.waitsFor !== undefined) plan({ kind: 'deadline', atMs: deadlineMs, request });
  }

  function takeAllOrSkip(request: Request, nowMs: number): void {
    const { wants, index } = request.player;
    for (const { need, table } of wants) {
      // Of several all are asked for before any is taken.
      const refusal = wants.length === 1 ? table.take(request, need, nowMs) : table.refusalOf(request, need, nowMs);
      if (refusal === undefined) continue;
      tally.skipped(index);
      return clash(request, need.resource, refusal);
    }
    if (wants.length === 1) request.have = 1;
    goOn(request, nowMs);
  }

  /** Takes what is free of what is missing, and waits for the first that is not, holding what it has. */
  function goOn(request: Request, nowMs: number): void {
    const { job, index, wants, holdMsAt } = request.player;
    for (const { need, table } of wants.slice(request.have)) {
      const refusal = table.take(request, need, nowMs);
      if (refusal !== undefined) {
        table.lineUp(request, need, request.deadlineMs - nowMs, nowMs);
        request.waitsFor = table;
        waiting.set(request.token, request);
        return clash(request, need.resource, refusal);
      }
      request.have++;
    }
    tally.began(index, nowMs - request.askedMs);
    plan({ kind: 'end', atMs: nowMs + Math.min(holdMsAt(nowMs), job.maxHoldMs), request, sinceMs: nowMs });
  }

  function end(request: Request, sinceMs: number, nowMs: number): void {
    const untilMs = sinceMs + request.player.job.minHoldMs;
    giveBack(request, nowMs, untilMs > nowMs ? untilMs : 0);
  }

  function giveBack(request: Request, nowMs: number, minHoldUntilMs: number): void {
    for (const { need, table } of request.player.wants.slice(0, request.have)) {
      letIn(table.leave(request, need, nowMs, minHoldUntilMs), nowMs);
      if (minHoldUntilMs > 0) plan({ kind: 'look', atMs: minHoldUntilMs + minHoldPastMs, table });
    }
  }

  function giveUp(request: Request, nowMs: number): void {
    const table = request.waitsFor;
    if (table === undefined) return;
    waiting.delete(request.token);
    request.waitsFor = undefined;
    table.leaveLine(request);
    tally.skipped(request.player.index);
    giveBack(request, nowMs, 0);
    letIn(table.look(nowMs), nowMs);
  }

  function letIn(tokens: readonly string[], nowMs: number): void {
    for (const token of tokens) {
      const request = waiting.get(token);
      if (request === undefined) continue;
      waiting.delete(token);
      request.waitsFor = undefined;
      goOn(request, nowMs);
    }
  }

  function clash({ player, askedMs }: Request, table: string, { blockers, ahead }: Refusal): void {
    const by = (blockers[0] ?? ahead[0])?.job ?? '';
    clashes.add(player.index, by, table, askedMs);
  }

  /** Only of a job that has no schedule. */
  function planArrival(player: Player, nowMs: number): void {
    const { rhythm } = player.job;
    if (!('perHour' in rhythm)) return;
    const most = Math.max(...rhythm.perHour);
    if (most <= 0) return;
    for (let atMs = nowMs; ; ) {
      atMs += gapMs(most / 3_600_000, random);
      if (atMs >= toMs) return;
      if (random() * most < (rhythm.perHour[Math.floor(atMs / 3_600_000) % 24] ?? 0)) return plan({ kind: 'arrival', atMs, player });
    }
  }

  function tableOf(resource: string): Table {
    const known = tables.get(resource) ?? new Table();
    tables.set(resource, known);
    return known;
  }
}
