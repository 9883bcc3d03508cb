import type { Backtested, Forecast, Job, JobOutlook, Range } from '../forecast/index.ts';
import { meanSkips, meanWaits, noTrouble, troubleOf } from '../forecast/index.ts';
import { shortly } from '../observe/answers/shortly.ts';
import { printableName, type Terminal, table } from './terminal.ts';

/** What was asked for. */
export interface About {
  readonly fromMs: number;
  readonly toMs: number;
  readonly plays: number;
  readonly seed: number;
}

type Style = Terminal['style'];

const dayMs = 86_400_000;
const clashesShown = 5;

export function forecastInWords({ outlook, changed, proposal }: Forecast, about: About, notes: readonly string[], style: Style): string {
  const heading = ['JOB', 'SCHEDULE', 'FIRES', 'SKIPS', 'WAITS', 'LATE', 'LONGEST WAIT', 'KNOWN FROM'];
  const shown = outlook.clashes.filter(({ times }) => times >= 0.5).slice(0, clashesShown);
  return [
    `From ${timeInWords(about.fromMs)}, for ${plural((about.toMs - about.fromMs) / dayMs, 'day')}: ${about.plays} plays, seed ${about.seed}. In brackets: nine of ten plays.\n\n`,
    headed(table([heading, ...outlook.jobs.map(rowOf)]), style),
    ...notes.map((note) => `\n${note}\n`),
    ...(changed.length === 0 ? [] : [`\nWhere the clock is changed:\n${changed.map(changedInWords).join('')}`]),
    shown.length === 0 ? '\nNo clashes are to be expected.\n' : `\nWorst clashes:\n${shown.map(clashInWords).join('')}`,
    proposalInWords(outlook, proposal),
  ].join('');
}

function rowOf({ job, fires, skips, waits, lateMs, longestWaitMs }: JobOutlook): readonly string[] {
  const ms = ({ mean, low, high }: Range): string => (high === 0 ? '-' : `${shortly(mean)} (${shortly(low)}-${shortly(high)})`);
  const late = [waits.high === 0 ? '-' : count(waits), ms(lateMs), ms(longestWaitMs)];
  return [printableName(job.name), scheduleOf(job), String(Math.round(fires.mean)), count(skips), ...late, knownFrom(job)];
}

function scheduleOf({ rhythm }: Job): string {
  return 'cron' in rhythm ? `${rhythm.cron}${rhythm.timezone === undefined ? '' : ` ${rhythm.timezone}`}` : 'at no regular times';
}

function knownFrom({ origin, sureness, holds }: Job): string {
  const sure = sureness === undefined ? '' : `, ${Math.floor(sureness * 100)} % sure`;
  return `${origin}${sure}, ${holds.samples === 0 ? `no hold seen: ${shortly(holds.quantileMs(0.5))} taken` : plural(holds.samples, 'hold')}`;
}

/** `42 (31-55)` */
function count({ mean, low, high }: Range): string {
  return high === 0 && mean === 0 ? '0' : `${rounded(mean)} (${low}-${high})`;
}

function changedInWords({ job, shownMs, timezone, atMs }: Forecast['changed'][number]): string {
  const when = `${new Date(shownMs).toISOString().slice(0, 16).replace('T', ' ')} in ${timezone}`;
  const what = atMs === undefined ? 'there is no such time: that fire is left out' : `comes twice: it fires once, at ${timeInWords(atMs)}`;
  return `  ${printableName(job)}, ${when}: ${what}\n`;
}

function clashInWords({ job, by, table: name, minuteOfDay, times }: Forecast['outlook']['clashes'][number]): string {
  const often = times < 10 ? times.toFixed(1) : String(Math.round(times));
  return `  ${often} times ${printableName(job)} finds ${printableName(name)} taken by ${printableName(by)}, most at ${clock(minuteOfDay)} UTC\n`;
}

function proposalInWords(before: Forecast['outlook'], proposal: Forecast['proposal']): string {
  if (proposal === undefined)
    return troubleOf(before) < noTrouble
      ? ''
      : '\nNo other times would help enough to be proposed. With --hours, jobs may be moved to another hour too.\n';
  const { moves, outlook } = proposal;
  const rows = moves.map(({ job, from, to, timezone }) => [`  ${printableName(job)}`, from, `-> ${to}`, timezone ?? '']);
  const changes = [
    changeInWords('Skips', meanSkips(before), meanSkips(outlook), outlook.jobs, ({ skips }) => skips),
    changeInWords('Waits', meanWaits(before), meanWaits(outlook), outlook.jobs, ({ waits }) => waits),
  ];
  return `\nProposal: move ${moves.length} of ${plural(before.jobs.length, 'job')}.\n${table(rows)}${changes.join('')}`;
}

/** What is left of it, by jobs; nothing where it stays as it is. */
function changeInWords(what: string, before: number, after: number, jobs: readonly JobOutlook[], of: (job: JobOutlook) => Range): string {
  if (rounded(before) === rounded(after)) return '';
  const left = jobs.filter((job) => of(job).mean >= 0.05).map((each) => `${printableName(each.job.name)} ${count(of(each))}`);
  const rest = left.length === 0 ? '' : `: ${left.join(', ')}`;
  return `${what} would ${after < before ? 'fall' : 'rise'} from ${rounded(before)} to ${rounded(after)}${rest}.\n`;
}

export function forecastJson(
  { outlook, changed, proposal }: Forecast,
  { fromMs, toMs, plays, seed }: About,
  notes: readonly string[],
): object {
  return {
    from: new Date(fromMs),
    to: new Date(toMs),
    plays,
    seed,
    jobs: outlook.jobs.map(jobJson),
    clashes: outlook.clashes.map(({ minuteOfDay, ...clash }) => ({ ...clash, mostAt: clock(minuteOfDay) })),
    changed: changed.map(({ shownMs, atMs, ...fire }) => ({
      ...fire,
      shown: new Date(shownMs).toISOString().slice(0, 19),
      at: atMs === undefined ? null : new Date(atMs),
    })),
    proposal:
      proposal === undefined
        ? null
        : {
            moves: proposal.moves,
            skips: { before: meanSkips(outlook), after: meanSkips(proposal.outlook) },
            waits: { before: meanWaits(outlook), after: meanWaits(proposal.outlook) },
            jobs: proposal.outlook.jobs.map(jobJson),
          },
    notes,
  };
}

function jobJson({ job, fires, ...expected }: JobOutlook): object {
  const { name, origin, sureness, rhythm, holds } = job;
  return { job: name, origin, sureness, ...rhythm, holds: holds.samples, fires: fires.mean, ...expected };
}

interface BacktestResult {
  readonly fromMs: number;
  readonly jobs: readonly Backtested[];
}

export function backtestInWords({ fromMs, jobs }: BacktestResult, toMs: number, notes: readonly string[], style: Style): string {
  const rows = jobs.map(({ job, skips, actual, isWithin }) => [printableName(job), count(skips), String(actual), isWithin ? 'yes' : 'no']);
  const within = jobs.filter(({ isWithin }) => isWithin).length;
  return [
    `Forecast from what was before, and what happened, ${timeInWords(fromMs)} to ${timeInWords(toMs)}:\n\n`,
    headed(table([['JOB', 'SKIPS FORECAST', 'SKIPS', 'WITHIN'], ...rows]), style),
    `\n${within} of ${jobs.length} jobs within the range that nine of ten should be in.\n`,
    ...notes.map((note) => `${note}\n`),
  ].join('');
}

export function backtestJson({ fromMs, jobs }: BacktestResult, toMs: number, seed: number, notes: readonly string[]): object {
  return { from: new Date(fromMs), to: new Date(toMs), seed, jobs, notes };
}

function headed(text: string, style: Style): string {
  const end = text.indexOf('\n');
  return style('bold', text.slice(0, end)) + text.slice(end);
}

function timeInWords(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function clock(minuteOfDay: number): string {
  return `${String(Math.floor(minuteOfDay / 60)).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`;
}

function plural(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}

function rounded(value: number): string {
  if (value > 0 && value < 0.05) return '<0.1';
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
