/** Plays a text against machines: lines with `>` are events, those beneath them what comes of each. */
import { StoreUnavailableError } from '../../src/lock/errors.ts';
import type { Mode } from '../../src/lock/holder.ts';
import { resolveOptions } from '../../src/lock/plan/options.ts';
import { decodeRecord } from '../../src/lock/record/record.ts';
import { type Held, Puppet, Stage, type UnderWay, wallEpochMs } from './puppet.ts';
import type { Request } from './register.ts';

type Act = (...words: string[]) => void;

/** The text with its events, and what comes of each now. */
export function replay(text: string): string {
  const lines: string[] = [];
  const play = createPlay((line) => lines.push(line));
  for (const line of text.split('\n')) {
    if (line.startsWith('  ')) continue;
    lines.push(line);
    if (line.startsWith('> ')) play(line.slice(2));
  }
  return lines.join('\n');
}

function createPlay(tell: (line: string) => void): (event: string) => void {
  const stage = new Stage((who, text) => tell(`  ${who}: ${text}`));
  const puppets = new Map(['p1', 'p2', 'p3'].map((name) => [name, new Puppet(stage, name)]));
  const locks = new Map<string, Held>();
  const at = (name: string): Puppet => puppets.get(name) as Puppet;
  const lock = (name: string): Held => locks.get(name) as Held;

  function want(who: string, name: string, mode: string, rest: string, patient: boolean, restored?: string): void {
    const number = (pattern: RegExp): number | undefined => (pattern.exec(rest) === null ? undefined : Number(pattern.exec(rest)?.[1]));
    const options = resolveOptions(
      { ttlMs: number(/ttl (\d+)/) ?? 3_000, minHoldMs: number(/min hold (\d+)/) ?? 0, heartbeat: !rest.includes('no heartbeat') },
      [],
      { onStoreDown: rest.includes('runs unprotected') ? 'run' : 'throw' },
    );
    locks.set(name, at(who).want(name, mode as Mode, patient, options, restored));
  }

  function pass(ms: number): void {
    const untilMs = stage.nowMs + ms;
    for (;;) {
      const [next] = [...puppets].sort(([, one], [, other]) => one.dueMs - other.dueMs);
      if (next === undefined || next[1].dueMs > untilMs) break;
      const [who, puppet] = next;
      stage.nowMs = Math.max(stage.nowMs, puppet.dueMs);
      const before = puppet.underWay;
      puppet.wake();
      if (puppet.underWay !== before) tell(`  (${who} wakes at ${Math.round(stage.nowMs)} ms)`);
    }
    stage.nowMs = untilMs;
  }

  /** Says what a puppet has ordered, if anything, and where it is. */
  function show(who: string, before: UnderWay | undefined): void {
    const { machine, underWay } = at(who);
    if (underWay !== before) tell(`  ${who}: ${underWay === undefined ? '' : `${inWords(underWay.request)} - `}${machine.state}`);
  }

  function answer(who: string): void {
    at(who).deliver();
    at(who).hear();
  }

  const acts: readonly (readonly [RegExp, Act])[] = [
    [/^(p\d) asks for (\w+) to (\w+)(.*)$/, (who = '', name = '', mode = '', rest = '') => want(who, name, mode, rest, true)],
    [/^(p\d) tries (\w+) to (\w+)(.*)$/, (who = '', name = '', mode = '', rest = '') => want(who, name, mode, rest, false)],
    [
      /^(p\d) restores (\w+) to (\w+) from (T\d+)$/,
      (who = '', name = '', mode = '', token = '') => want(who, name, mode, '', false, token),
    ],
    [/^(p\d) lets go of (\w+)$/, (who = '', name = '') => at(who).leave(lock(name).seat, true, at(who).settle(lock(name), 'let go'))],
    [/^(p\d) gives up (\w+)$/, (who = '', name = '') => at(who).giveUp(lock(name).seat)],
    [
      /^(p\d) extends (\w+) to (\d+) ms$/,
      (who = '', name = '', ms = '') => at(who).extend(lock(name).seat, Number(ms), at(who).settle(lock(name), 'extended')),
    ],
    [/^(p\d) hands over (\w+)$/, (who = '', name = '') => at(who).detach(lock(name).seat, at(who).settle(lock(name), 'handed over'))],
    [/^the store answers (p\d)$/, (who = '') => answer(who)],
    [
      /^the store answers all that (p\d) asks$/,
      (who = '') => {
        for (let { underWay } = at(who); underWay !== undefined; { underWay } = at(who)) {
          answer(who);
          if (at(who).underWay !== undefined) show(who, underWay);
        }
      },
    ],
    [/^the store does what (p\d) asked$/, (who = '') => at(who).deliver()],
    [/^(p\d) hears$/, (who = '') => at(who).hear()],
    [/^(p\d) hears nothing$/, (who = '') => at(who).hearNothing(new StoreUnavailableError('No answer in time'))],
    [/^(\d+) ms pass$/, (ms = '') => pass(Number(ms))],
  ];

  return (event) => {
    const before = new Map([...puppets].map(([who, puppet]) => [who, puppet.underWay]));
    const [found] = acts.flatMap(([pattern, act]) => {
      const words = pattern.exec(event);
      return words === null ? [] : [{ act, words: words.slice(1) }];
    });
    if (found === undefined) throw new Error(`"${event}" is no event of a transcript`);
    found.act(...found.words);
    for (const who of puppets.keys()) show(who, before.get(who));
  };
}

function inWords(request: Request): string {
  if (request.what === 'read' || request.what === 'remove') return request.what;
  if (request.what === 'append') return `append ${request.text.trim().split('\n').map(lineInWords).join(', ')}`;
  return `${request.what} ${recordInWords(request.value)} for ${Math.round(request.ttlMs)} ms`;
}

function recordInWords(text: string): string {
  const { holders = [], line = [] } = decodeRecord(text) ?? {};
  const inside = holders.map(
    ({ token, mode, until, minHold }) => `${token} ${mode}${minHold ? ' (min-hold)' : ''} until ${Math.round(until - wallEpochMs)}`,
  );
  return `[${inside.join(', ')}]${line.length === 0 ? '' : ` line [${line.map(({ token, mode }) => `${token} ${mode}`).join(', ')}]`}`;
}

function lineInWords(text: string): string {
  const { gone, token, mode } = JSON.parse(text) as { gone?: string; token?: string; mode?: string };
  return gone === undefined ? `${token} ${mode}` : `gone ${gone}`;
}
