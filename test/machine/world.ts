/** Two processes at one resource, each with a script, and a store between them: a world in which somebody chooses what happens next. */
import { StoreUnavailableError } from '../../src/lock/errors.ts';
import { excludes } from '../../src/lock/holder.ts';
import type { Facts } from '../../src/lock/machine/facts.ts';
import { resolveOptions } from '../../src/lock/plan/options.ts';
import { decodeRecord } from '../../src/lock/record/record.ts';
import { fingerprint } from './fingerprint.ts';
import { type Held, monoEpochMs, type Outcome, Puppet, Stage } from './puppet.ts';
import type { Request } from './register.ts';

/** What a process does, one after another: it does not wait for one to be done, unless the next needs it. */
export type Operation = 'write' | 'append' | 'try' | 'unlock' | 'extend' | 'hand over' | 'restore' | 'give up';

export interface Setting {
  readonly scripts: readonly (readonly Operation[])[];
  /** So many requests at most are not answered. */
  readonly faults: number;
  /** So often at most time passes while something else could happen. */
  readonly passes: number;
  readonly canLine: boolean;
}

interface Player {
  readonly puppet: Puppet;
  readonly facts: Facts;
  readonly script: readonly Operation[];
  done: number;
  readonly locks: Held[];
}

/** One thing that can happen next. */
export interface Choice {
  readonly words: string;
  happen(): void;
}

const ttlMs = 1_000;
const options = resolveOptions({ ttlMs, onStoreDown: 'throw' }, [], {});

export class World {
  readonly stage: Stage;
  readonly breaches: string[] = [];
  readonly #players: readonly Player[];
  readonly #setting: Setting;
  /** Tokens on their way from one process to another. */
  readonly #handed: string[] = [];
  /** Requests whose answer nobody waits for any more, and that the store may yet do. */
  readonly #late: Request[] = [];
  #faultsLeft: number;
  #passesLeft: number;
  #lockCount = 0;
  #wasLost = false;

  /** `factsOf`: what a machine that was just made knows. */
  constructor(setting: Setting, factsOf: () => Facts, note?: (who: string, text: string) => void) {
    this.#setting = setting;
    this.#faultsLeft = setting.faults;
    this.#passesLeft = setting.passes;
    this.stage = new Stage(note);
    this.#players = setting.scripts.map((script, index) => {
      const puppet = new Puppet(this.stage, `p${index + 1}`, `h${index + 1}`, setting.canLine);
      return { puppet, facts: factsOf(), script, done: 0, locks: [] };
    });
  }

  get fingerprint(): string {
    const players = this.#players.map(({ puppet, facts, done, locks }) => {
      const { underWay, dueMs, isWatching, isResting } = puppet;
      return {
        facts,
        underWay,
        dueMonoMs: dueMs + monoEpochMs,
        isWatching,
        isResting,
        done,
        locks: locks.map(({ seat, ends, open }) => ({ seat, ends, open })),
      };
    });
    const { value, version, untilMs } = this.stage.register;
    const store = value === undefined || untilMs <= this.stage.nowMs ? undefined : { value, version, endMonoMs: untilMs + monoEpochMs };
    return fingerprint([this.#faultsLeft, this.#passesLeft, this.#wasLost, store, players, this.#handed, this.#late], this.stage.now);
  }

  /** All that can happen next. None: every script is over, everything was let go, and nothing is under way. */
  choices(): Choice[] {
    const choices: Choice[] = [];
    for (const [index, player] of this.#players.entries()) {
      const who = `p${index + 1}`;
      const { puppet } = player;
      const oldest = oldestOf(player);
      const operation = this.#next(player, oldest);
      if (operation !== undefined) choices.push({ words: `${who}: ${operation}`, happen: () => this.#do(player, operation, oldest) });
      if (puppet.underWay?.done !== undefined) choices.push({ words: `${who} hears`, happen: () => puppet.hear() });
      else if (puppet.underWay !== undefined)
        choices.push({ words: `the store does ${puppet.underWay.request.what} of ${who}`, happen: () => puppet.deliver() });
      if (puppet.underWay !== undefined && this.#faultsLeft > 0) this.#addFaults(choices, who, puppet);
    }
    for (const request of this.#late)
      choices.push({
        words: `the store does a late ${request.what}`,
        happen: () => {
          this.#late.splice(this.#late.indexOf(request), 1);
          this.stage.register.do(request, this.stage.nowMs);
        },
      });
    const mustPass = choices.length === 0 && !this.#isOver();
    if (mustPass || (choices.length > 0 && this.#passesLeft > 0)) this.#addPasses(choices, mustPass);
    return choices;
  }

  /** What is wrong now. */
  judge(): string | undefined {
    const { now, register, nowMs } = this.stage;
    const live = this.#players.flatMap(({ locks, puppet }) =>
      locks.filter(({ seat }) => seat.state === 'seated' && seat.remainingMs(now) > 0).map((lock) => ({ lock, puppet })),
    );
    for (const [index, one] of live.entries())
      for (const other of live.slice(index + 1))
        if (excludes(one.lock.seat.mode, other.lock.seat.mode)) return `P1: ${one.lock.name} and ${other.lock.name} are held at once`;
    const text = register.at(nowMs);
    const record = text === undefined ? undefined : decodeRecord(text);
    for (const { lock } of live) {
      const { token } = lock.seat.stay ?? {};
      if (!record?.holders.some((holder) => holder.token === token)) return `P1: ${lock.name} is held, and ${token} is not in the record`;
    }
    return undefined;
  }

  /** Lets everything come to its end, and judges what is left. */
  end(): string | undefined {
    const isDisturbed = this.#wasLost || this.#faultsLeft < this.#setting.faults || this.#handed.length > 0;
    let wasQuiet = isDisturbed;
    for (let step = 0; step < 500; step++) {
      const left = this.stage.register.at(this.stage.nowMs);
      const isQuiet = this.#players.every(({ facts, puppet }) => facts.state === 'out' && puppet.machine.load === 0);
      if (isQuiet && !wasQuiet && left !== undefined) return `left behind: ${left}`;
      wasQuiet ||= isQuiet;
      const [choice] = this.#endings();
      if (choice === undefined) break;
      choice.happen();
      const breach = this.judge();
      if (breach !== undefined) return breach;
    }
    for (const { puppet, facts, locks } of this.#players) {
      for (const { name, seat, ends, open } of locks) {
        if (seat.state === 'asked' || seat.state === 'waiting') return `P7: ${name} waits for ever`;
        if (ends > 1 || open > 0) return `P7: ${name} is told ${ends} times what came of it, and ${open} answers never come`;
      }
      if (!puppet.isResting || facts.state !== 'out') return `left behind: a machine that never rests (${facts.state})`;
      if (puppet.isWatching) return 'left behind: a subscription';
    }
    return undefined;
  }

  #isOver(): boolean {
    return this.#players.every((player) => {
      const isIdle = player.done >= player.script.length && player.puppet.underWay === undefined;
      return isIdle && player.locks.every(({ seat }) => seat.state === 'over');
    });
  }

  /** In the end: first come, first served, and time passes when nothing else can happen. */
  #endings(): Choice[] {
    const choices: Choice[] = [];
    if (this.#players.some(({ puppet }) => puppet.dueMs !== Number.POSITIVE_INFINITY)) this.#addPasses(choices, true);
    const others = this.choices().filter(({ words }) => !words.includes('nothing') && !words.includes('passes'));
    return [...others, ...choices];
  }

  #next({ script, done }: Player, oldest: Held | undefined): Operation | 'let go' | undefined {
    const operation = script[done];
    if (operation === undefined) return oldest?.seat.state === 'seated' ? 'let go' : undefined;
    if (operation === 'restore') return this.#handed.length > 0 ? operation : undefined;
    const needsSeat = operation === 'unlock' || operation === 'extend' || operation === 'hand over';
    return needsSeat && oldest !== undefined && oldest.seat.state !== 'seated' ? undefined : operation;
  }

  #do(player: Player, operation: Operation | 'let go', oldest: Held | undefined): void {
    const { puppet, locks } = player;
    player.done++;
    if (operation === 'write' || operation === 'append' || operation === 'try') {
      const mode = operation === 'append' ? 'append' : 'write';
      locks.push(puppet.want(this.#newName(), mode, operation !== 'try', options));
    } else if (operation === 'restore') {
      const token = this.#handed.shift() as string;
      locks.push(puppet.want(this.#newName(), 'append', false, options, token));
    } else if (operation === 'give up') {
      const newest = locks.at(-1);
      if (newest !== undefined) puppet.giveUp(newest.seat);
    } else if (oldest === undefined) return;
    else if (operation === 'extend') puppet.extend(oldest.seat, 2 * ttlMs, puppet.settle(oldest, 'extended', this.#sawLoss));
    else if (operation === 'hand over')
      puppet.detach(
        oldest.seat,
        puppet.settle(oldest, 'handed over', (token) => {
          if (typeof token === 'string') this.#handed.push(token);
          this.#sawLoss(token);
        }),
      );
    else puppet.leave(oldest.seat, true, puppet.settle(oldest, 'let go', this.#sawLoss));
  }

  readonly #sawLoss = (outcome: Outcome): void => {
    if (outcome === false || outcome === undefined) this.#wasLost = true;
  };

  #addFaults(choices: Choice[], who: string, puppet: Puppet): void {
    const fail = (happen: () => void) => (): void => {
      this.#faultsLeft--;
      happen();
      puppet.hearNothing(new StoreUnavailableError('No answer in time'));
    };
    const { underWay } = puppet;
    if (underWay === undefined) return;
    const { request, done } = underWay;
    choices.push({ words: `${who} hears nothing of ${request.what}${done ? ', which was done' : ''}`, happen: fail(() => {}) });
    if (done === undefined && request.what !== 'read')
      choices.push({ words: `${who} hears nothing of ${request.what}, which comes late`, happen: fail(() => this.#late.push(request)) });
  }

  /** Time passes until somebody is to be woken, or until the key ends where nobody is. */
  #addPasses(choices: Choice[], isFree: boolean): void {
    const firstMs = Math.min(...this.#players.map(({ puppet }) => puppet.dueMs));
    if (firstMs === Number.POSITIVE_INFINITY) return;
    for (const [index, { puppet }] of this.#players.entries()) {
      if (puppet.dueMs > Math.max(firstMs, this.stage.nowMs)) continue;
      choices.push({
        words: `${Math.round(firstMs - this.stage.nowMs)} ms passes, p${index + 1} wakes`,
        happen: () => {
          if (!isFree) this.#passesLeft--;
          this.stage.nowMs = Math.max(this.stage.nowMs, firstMs);
          puppet.wake();
        },
      });
    }
  }

  #newName(): string {
    this.#lockCount++;
    return `L${this.#lockCount}`;
  }
}

/** The lock that was asked for first and is not over, nor on its way to another process. */
function oldestOf({ locks, facts }: Player): Held | undefined {
  return locks.find(({ seat }) => seat.state !== 'over' && !facts.detaching.some((leaving) => leaving.seat === seat));
}
