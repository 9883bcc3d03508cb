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

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** Besides numbers. */
  readonly special?: (token: string) => boolean;
}

const monthNames = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const dayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

const fields: readonly [Field, Field, Field, Field, Field, Field] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of the month', min: 1, max: 31, special: isSpecialDay },
  { name: 'month', min: 1, max: 12 },
  { name: 'weekday', min: 0, max: 6, special: (token) => /^[0-6](?:L|#[1-5])$/.test(token) },
];

const nicknames = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
]);

/**
 * As node-cron reads it, which need not be installed: where both days are given both must fit, and a range may go round. Throws
 * `InvalidOptionError` for what it would not run.
 */
export function readCron(expression: string, path = 'cron'): CronTimes {
  const refuse = (reason: string): never => {
    throw new InvalidOptionError(path, expression, `a cron expression of five or six fields is allowed (${reason})`);
  };
  const resolved = nicknames.get(expression.trim().toLowerCase()) ?? expression;
  const [, strange] = /([^a-zA-Z0-9\-*/,#? ])/.exec(resolved) ?? [];
  if (strange !== undefined) refuse(`${JSON.stringify(strange)} means nothing in it`);
  const text = resolved.replace(/ {2,}/g, ' ').trim();
  const written = text.split(' ');
  if (written.length !== 5 && written.length !== 6) refuse(`this has ${written.length}`);
  const all = written.length === 5 ? ['0', ...written] : written;
  const tokens = fields.map((field, at) => {
    const read = tokensOf(all[at] as string, at);
    const wrong = read.find((token) => !isNumberOf(field, token) && field.special?.(token) !== true);
    if (wrong !== undefined) refuse(`${JSON.stringify(all[at])} is no ${field.name}`);
    return read;
  });
  const [seconds = [], minutes = [], hours = [], days = [], months = [], weekdays = []] = tokens.map(numbersIn);
  const [, , , specialDays = [], , specialWeekdays = []] = tokens.map((read) => read.filter((token) => !isNumber(token)));
  if (specialDays.length === 0 && !months.some((month) => days.some((day) => day <= (longestMonths[month - 1] as number))))
    throw new InvalidOptionError(path, expression, 'there is no such day; an expression that fires is allowed');
  return {
    text,
    seconds,
    minutes,
    hours,
    fallsOn(dayMs) {
      const date = new Date(dayMs);
      const [day, weekday] = [date.getUTCDate(), date.getUTCDay()];
      if (!months.includes(date.getUTCMonth() + 1)) return false;
      if (!days.includes(day) && !specialDays.some((token) => isDay(token, date))) return false;
      return weekdays.includes(weekday) || specialWeekdays.some((token) => isWeekday(token, date));
    },
  };
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

/** One field as a list of numbers and of what is none: names, `*` and ranges written out. */
function tokensOf(written: string, at: number): readonly string[] {
  const { min, max } = fields[at] as Field;
  const whole = written === '?' && (at === 3 || at === 5) ? '*' : written;
  const numbered = at === 4 ? inNumbers(whole, monthNames, 1) : at === 5 ? inNumbers(whole, dayNames, 0) : whole;
  return numbered.split(',').flatMap((part) => {
    const ranged = part.replace('*', `${min}-${max}`);
    const token = rangeOf(ranged, min, max) ?? [ranged.toUpperCase()];
    return at === 5 ? token.map((each) => each.replace(/^0*7$|^7(?=L$|#)/, '0')) : token;
  });
}

/** The long names first. */
function inNumbers(text: string, names: readonly string[], first: number): string {
  const replaced = names.reduce((rest, name, index) => rest.replace(new RegExp(name, 'gi'), String(index + first)), text);
  return names.reduce((rest, name, index) => rest.replace(new RegExp(name.slice(0, 3), 'gi'), String(index + first)), replaced);
}

/** `undefined`: it is no range. One that ends before it begins goes round. */
function rangeOf(text: string, min: number, max: number): readonly string[] | undefined {
  const [, from, to, every = '1'] = /^(\d+)-(\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  const [first, last, step] = [Number(from), Number(to), Number(every)];
  if (from === undefined || step === 0) return undefined;
  const size = max - min + 1;
  const span = first <= last ? last - first : (((last - first) % size) + size) % size;
  // Of a range that ends past the field's end one value more is enough for it to be refused.
  const values: string[] = [];
  for (let value = first; value <= first + span; value += step) {
    values.push(String(first > last && value > max ? value - size : value));
    if (first <= last && value > max + 1) break;
  }
  return values;
}

function isNumber(token: string): boolean {
  return /^\d+$/.test(token);
}

function isNumberOf({ min, max }: Field, token: string): boolean {
  return isNumber(token) && Number(token) >= min && Number(token) <= max;
}

function numbersIn(tokens: readonly string[]): number[] {
  return [...new Set(tokens.filter(isNumber).map(Number))].sort((a, b) => a - b);
}

/** `L`, `L-3`, `LW`, `15W` */
function isSpecialDay(token: string): boolean {
  const [, before] = /^L-(\d{1,2})$/.exec(token) ?? [];
  if (before !== undefined) return Number(before) >= 1 && Number(before) <= 30;
  const [, near] = /^(\d{1,2})W$/.exec(token) ?? [];
  return token === 'L' || token === 'LW' || (near !== undefined && Number(near) >= 1 && Number(near) <= 31);
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isDay(token: string, date: Date): boolean {
  const day = date.getUTCDate();
  const last = lastDayOf(date);
  if (token === 'L') return day === last;
  if (token.startsWith('L-')) return day === last - Number(token.slice(2));
  return day === workdayNear(token === 'LW' ? last : Number(token.slice(0, -1)), date, last);
}

/** In the same month. */
function workdayNear(day: number, date: Date, last: number): number | undefined {
  if (day > last) return undefined;
  const weekday = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), day)).getUTCDay();
  if (weekday === 6) return day === 1 ? 3 : day - 1;
  if (weekday === 0) return day === last ? day - 2 : day + 1;
  return day;
}

/** `5L`, the last Friday; `5#2`, the second. */
function isWeekday(token: string, date: Date): boolean {
  if (date.getUTCDay() !== Number(token[0])) return false;
  const day = date.getUTCDate();
  return token.endsWith('L') ? day + 7 > lastDayOf(date) : Math.ceil(day / 7) === Number(token[2]);
}

function lastDayOf(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
