import { Cron, CronPattern } from 'croner';
import { InvalidOptionError } from '../lock/errors.ts';

/** A cron expression, read: on which days, and when in a day. Time is the wall clock's of its zone. */
export interface CronTimes {
  /** Five or six fields, nicknames such as `@daily` written out. */
  readonly text: string;
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  /** `dayMs`: the midnight at which it begins, as if the zone were UTC. */
  fallsOn(dayMs: number): boolean;
}

/** As node-cron reads them: where both days are given, both must fit. */
const options = { mode: '5-or-6-parts', domAndDow: true, utcOffset: 0, paused: true } as const;

/** Throws `InvalidOptionError`. */
export function readCron(expression: string, path = 'cron'): CronTimes {
  try {
    const pattern = new CronPattern(expression.trim(), undefined, options);
    const text = pattern.pattern.replace(/\s+/g, ' ');
    const days = new Cron(`0 0 0 ${text.split(' ').slice(-3).join(' ')}`, { ...options });
    return {
      text,
      seconds: setIn(pattern.second),
      minutes: setIn(pattern.minute),
      hours: setIn(pattern.hour),
      fallsOn: (dayMs) => days.match(new Date(dayMs)),
    };
  } catch (error) {
    throw new InvalidOptionError(path, expression, `a cron expression of five or six fields is allowed (${reasonOf(error as Error)})`);
  }
}

const dayMs = 86_400_000;
/** So long it takes until each day of February has been each day of the week, but where a century has no leap day. */
const allDays = 28 * 365 + 7;

/** As on the 30th of February. */
export function neverFires({ fallsOn }: CronTimes): boolean {
  const firstMs = Date.UTC(2024, 0, 1);
  for (let day = 0; day < allDays; day++) if (fallsOn(firstMs + day * dayMs)) return false;
  return true;
}

/** Throws `InvalidOptionError`. */
export function checkTimezone(timezone: string, path = 'timezone'): void {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    throw new InvalidOptionError(path, timezone, 'the name of a time zone is allowed, such as Europe/Paris or UTC');
  }
}

function setIn(flags: readonly number[]): readonly number[] {
  return flags.flatMap((flag, value) => (flag ? [value] : []));
}

/** croner's own words, without its class. */
function reasonOf({ message }: Error): string {
  return message.replace(/^CronPattern: /, '').replace(/\.$/, '');
}
