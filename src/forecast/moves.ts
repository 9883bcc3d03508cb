import { readCron } from './cron.ts';
import { fieldOf } from './rhythm.ts';

/** Another time for a schedule that fires as often as before. */
export interface Move {
  readonly cron: string;
  /** By how many minutes it is moved, the shorter way round. */
  readonly byMinutes: number;
}

/** No job is moved by more hours: a nightly job stays one. */
const mostHours = 2;

/** All other minutes that a schedule could have, and with `hoursToo` hours near its own; none for one that fires every minute. */
export function movesOf(cron: string, hoursToo: boolean): readonly Move[] {
  const { text, minutes, hours } = readCron(cron);
  const fields = text.split(' ');
  const hourShifts = hoursToo && hours.length < 24 ? Array.from({ length: 2 * mostHours + 1 }, (_, index) => index - mostHours) : [0];
  const moves = new Map<string, Move>();
  for (const hourShift of hourShifts) {
    const movedHours = hours.map((hour) => hour + hourShift);
    if (movedHours.some((hour) => hour < 0 || hour > 23)) continue;
    for (let shift = -59; shift <= 59; shift++) {
      const movedMinutes = shiftedBy(minutes, shift, hours.length === 24);
      if (movedMinutes === undefined) continue;
      const time = [fieldOf(movedMinutes, 60), hourShift === 0 ? (fields.at(-4) as string) : fieldOf(movedHours, 24)];
      const moved = [...fields.slice(0, -5), ...time, ...fields.slice(-3)].join(' ');
      const byMinutes = hourShift * 60 + shift;
      const known = moves.get(moved);
      if (known === undefined || Math.abs(byMinutes) < Math.abs(known.byMinutes)) moves.set(moved, { cron: moved, byMinutes });
    }
  }
  const own = [...fields.slice(0, -5), fieldOf(minutes, 60), ...fields.slice(-4)].join(' ');
  moves.delete(own);
  return [...moves.values()].sort((a, b) => Math.abs(a.byMinutes) - Math.abs(b.byMinutes) || a.byMinutes - b.byMinutes);
}

/** Round the clock where every hour has them; else only as far as they stay in their hour. */
function shiftedBy(minutes: readonly number[], shift: number, isRound: boolean): readonly number[] | undefined {
  const moved = minutes.map((minute) => minute + shift);
  if (isRound) return moved.map((minute) => (minute + 60) % 60).sort((a, b) => a - b);
  return moved.every((minute) => minute >= 0 && minute < 60) ? moved : undefined;
}
